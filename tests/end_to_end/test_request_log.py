"""Every answer is on record before it is sent: seen by another program that opens the database file."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.end_to_end.conftest import Select
from tests.problems import TEXT

ROW = "SELECT status, code, request, response, client_request_id FROM requests WHERE id = ?"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", b'{"sequence":[1,2,3,4]}'),
        ("/predict", b'{"model": "memory-gru",\n "sequence": [[0, 0.5], [1, 0.25], [2.0, 1e-3]]}'),
        ("/compare", b'{"task":"sine","sequences":[[1,2,1],[0,3]],"targets":[2,6]}'),
        ("/forecast", b'{"sequence":[1,2,3,4],"horizon":50}'),
        ("/inspect", b'{"model":"linear-gru","sequence":[1,2,3,4]}'),
    ],
)
def test_the_row_is_committed_before_the_answer_and_holds_its_bytes(
    client: httpx.Client, select: Select, path: str, body: bytes
) -> None:
    for _ in range(10):
        response = client.post(path, content=body, headers={"X-Request-ID": "order-7"})
        assert response.status_code == 200, response.text
        rows = select(ROW, response.headers["x-request-id"])
        assert rows == [(200, None, body, response.content, "order-7")]
        assert response.json()["request_id"] == response.headers["x-request-id"]
        assert uuid.UUID(response.headers["x-request-id"]).version == 7


def test_of_a_large_exchange_the_row_keeps_size_and_digest(client: httpx.Client, select: Select) -> None:
    body = b'{"sequences":[' + b",".join([b"[1,2,3,4]"] * 9000) + b"]}"
    response = client.post("/predict", content=body)
    assert response.status_code == 200
    statement = (
        'SELECT request, response, request_bytes, response_bytes, sequences, "values" FROM requests WHERE id = ?'
    )
    (row,) = select(statement, response.headers["x-request-id"])
    assert row == (None, None, len(body), len(response.content), 9000, 36_000)


def test_a_refused_request_keeps_no_body_anywhere_in_the_file(client: httpx.Client, select: Select) -> None:
    response = client.post("/predict", json={"sequence": [1], "model": TEXT, "password": TEXT})
    client.post("/predict", json={"sequence": [1]})  # its row comes after the refused one's
    ((status, code, request, answer, _),) = select(ROW, response.headers["x-request-id"])
    assert (status, code, request, answer) == (422, "unknown_field", None, None)
    for table in ("requests", "uses"):
        assert TEXT not in str(select(f"SELECT * FROM {table}"))  # noqa: S608  # a name of our own


def test_under_load_every_answer_has_exactly_one_row_with_its_own_bytes(client: httpx.Client, select: Select) -> None:
    def ask(number: int) -> httpx.Response:
        return client.post("/predict", json={"model": "sine-gru", "sequence": [number, number + 1, number * 2]})

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(ask, range(400)))
    assert {answer.status_code for answer in answers} == {200}
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == 400
    stored = dict(select("SELECT id, response FROM requests"))
    for answer in answers:
        assert stored[answer.headers["x-request-id"]] == answer.content
