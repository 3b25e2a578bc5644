"""Several worker processes answer as one service."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx
import pytest

from tests.serving import Process, apart

pytestmark = pytest.mark.slow
SERIES = [1.0, 2.0, 4.0, 7.0, 11.0]


@pytest.mark.usefixtures("serve_four_models")
def test_the_numbers_of_all_workers_add_up_whichever_is_asked(tmp_path: Path) -> None:
    with Process(tmp_path, "--workers", "2") as service, apart(service) as client:
        service.wait_until_ready()
        for _ in range(40):
            answer = client.post("/predict", json={"model": "sine-gru", "sequence": SERIES})
            assert answer.status_code == httpx.codes.OK
        for _ in range(8):
            assert count(client, "unroll_requests_total") == 40
            assert count(client, "unroll_request_duration_seconds_count") == 40
        deadline = time.monotonic() + 60
        while count(client, "unroll_log_rows_committed_total") < 40:
            assert time.monotonic() < deadline
            time.sleep(0.05)  # between two looks
        for _ in range(4):
            assert count(client, "unroll_log_rows_committed_total") == 40


@pytest.mark.usefixtures("serve_four_models")
def test_all_workers_follow_what_one_of_them_was_told(tmp_path: Path) -> None:
    with Process(tmp_path, "--workers", "2") as service, apart(service) as client:
        service.wait_until_ready()
        for change, status in (("unload", httpx.codes.NOT_FOUND), ("load", httpx.codes.OK)):
            assert client.post(f"/v2/repository/models/sine-gru/{change}").is_success
            deadline = time.monotonic() + 60
            agreed = 0
            while agreed < 30:  # neither worker is asked every time
                answer = client.get("/v2/models/sine-gru")
                agreed = agreed + 1 if answer.status_code == status else 0
                assert time.monotonic() < deadline
                time.sleep(0.0 if agreed else 0.05)  # between two looks


def test_what_one_of_them_made_all_have_at_once_and_what_it_deleted_none(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    flags = ("--models-dir", str(tmp_path / "models"), "--workers", "2", "--models-poll-seconds", "0")
    values = [10.0 + 5.0 * (place % 4 == 1) + place % 3 for place in range(80)]
    asked = {"series": {"y": values, "sizes": [80]}, "freq": "QS", "output_model_id": "mine"}
    with Process(tmp_path, *flags) as service, apart(service) as client:
        service.wait_until_ready()
        made = client.post("/nixtla/v2/finetune", json=asked)
        assert made.status_code == httpx.codes.OK, made.text
        told = {client.post("/forecast", json={"model": "mine", "sequence": values, "horizon": 3}) for _ in range(30)}
        assert {answer.status_code for answer in told} == {httpx.codes.OK}
        assert len({str(answer.json()["forecasts"][0]["values"]) for answer in told}) == 1
        assert client.delete("/nixtla/v2/finetuned_models/mine").status_code == httpx.codes.NO_CONTENT
        deadline, agreed = time.monotonic() + 60, 0
        while agreed < 30:  # neither worker is asked every time
            answer = client.get("/models/mine")
            agreed = agreed + 1 if answer.status_code == httpx.codes.NOT_FOUND else 0
            assert time.monotonic() < deadline
            time.sleep(0.0 if agreed else 0.05)  # between two looks


def count(client: httpx.Client, sample: str) -> float:
    text = client.get("/metrics").text
    return sum(float(value) for value in re.findall(rf"^{sample}(?:{{.*}})? (\S+)$", text, re.MULTILINE))
