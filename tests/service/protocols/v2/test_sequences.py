"""Stateful sequences by the Open Inference Protocol, as Triton has them: each is a stream."""

from __future__ import annotations

from itertools import count
from typing import Any

import httpx
import numpy as np
import pytest

from tests.problems import NUMBER, TEXT, assert_foreign_error
from tests.service.protocols.v2.test_infer import HEADER, tensor

_ids = count(1)
SINE: list[float] = np.sin(np.arange(12) / 2).tolist()


def _send(
    api: httpx.Client, identity: int | str, *values: float, model: str = "sine-gru", **parameters: Any
) -> httpx.Response:
    body = {
        "inputs": [tensor([*values], [1, len(values), 1])],
        "parameters": {"sequence_id": identity, **parameters},
    }
    return api.post(f"/v2/models/{model}/infer", json=body)


def _value(answer: httpx.Response) -> float:
    assert answer.status_code == 200, answer.text
    (output,) = answer.json()["outputs"]
    assert (output["name"], output["shape"]) == ("prediction", [1, 1])
    (value,) = output["data"]
    return float(value)


def _predicted(api: httpx.Client, values: list[float], model: str = "sine-gru") -> float:
    answer = api.post("/predict", json={"model": model, "sequence": values})
    return float(answer.json()["predictions"][0]["value"])


@pytest.mark.parametrize("identity", [2**64 - 1, "meter-a"])
@pytest.mark.parametrize("model", ["sine-gru", "linear-lstm"])
def test_each_value_is_answered_from_those_before_it_until_the_sequence_ends(
    api: httpx.Client, identity: int | str, model: str
) -> None:
    for place, value in enumerate(SINE):
        ends = {"sequence_start": place == 0, "sequence_end": place == len(SINE) - 1}
        answer = _send(api, identity, value, model=model, **ends)
        assert _value(answer) == _predicted(api, SINE[: place + 1], model)
        assert answer.json()["parameters"].items() >= {"sequence_id": identity, **ends}.items()
    state = api.get(f"/streams/{model}:{identity}").json()
    assert (state["next"], state["closed"] is None) == (len(SINE), False)
    assert_foreign_error(_send(api, identity, 1.0, model=model), 409, "closed")


def test_a_sequence_that_was_not_begun_is_refused_as_triton_refuses_it(api: httpx.Client) -> None:
    words = "must specify the START flag on the first request of the sequence"
    assert_foreign_error(_send(api, next(_ids), 1.0), 400, words)


def test_a_sequence_that_begins_again_begins_anew(api: httpx.Client) -> None:
    identity = next(_ids)
    _value(_send(api, identity, 5.0, 6.0, sequence_start=True))
    assert _value(_send(api, identity, *SINE, sequence_start=True)) == _predicted(api, SINE)


def test_values_that_are_numbered_count_once_however_often_they_are_sent(api: httpx.Client) -> None:
    identity = next(_ids)
    for seq in range(0, len(SINE), 2):
        sent = {"seq": seq, "sequence_start": seq == 0, "sequence_end": seq == 10}
        answers = [_value(_send(api, identity, *SINE[seq : seq + 2], **sent)) for _ in range(3)]
        assert answers == 3 * [_predicted(api, SINE[: seq + 2])]
    assert_foreign_error(_send(api, identity, 9.0, seq=0), 409, "another value")
    assert_foreign_error(_send(api, identity, 9.0, seq=99), 409, "expects seq 12")


def test_values_come_as_bytes_too_and_a_sequence_of_id_0_is_none(api: httpx.Client) -> None:
    identity, data = next(_ids), np.array([SINE], "<f8")
    given = {
        "name": "sequence",
        "shape": [1, len(SINE)],
        "datatype": "FP64",
        "parameters": {"binary_data_size": data.nbytes},
    }
    head = httpx.Request(
        "POST",
        "http://x",
        json={"inputs": [given], "parameters": {"sequence_id": identity, "sequence_start": True}},
    ).content
    answer = api.post("/v2/models/sine-gru/infer", content=head + data.tobytes(), headers={HEADER: str(len(head))})
    assert _value(answer) == _predicted(api, SINE)
    for none in (0, ""):
        assert _value(_send(api, none, *SINE)) == _predicted(api, SINE)
        assert_foreign_error(_send(api, none, 1.0, sequence_start=True), 400, "sequence_id")


def test_an_answer_of_a_sequence_is_in_the_request_log(api: httpx.Client) -> None:
    answer = _send(api, next(_ids), 1.0, 2.0, sequence_start=True)
    row = api.get(f"/requests/{answer.headers['x-request-id']}").json()
    assert (row["endpoint"], row["models"], row["values"]) == ("/v2/models/{model}/infer", ["sine-gru/1"], 2)
    assert row["response"] == answer.json()


@pytest.mark.parametrize(
    ("model", "body", "words"),
    [
        ("sine-gru", {"parameters": {"sequence_id": -1}}, "parameters"),
        ("sine-gru", {"parameters": {"sequence_id": 1.5}}, "parameters"),
        ("sine-gru", {"parameters": {"sequence_id": True}}, "parameters"),
        ("sine-gru", {"parameters": {"sequence_id": f"{TEXT} {NUMBER}"}}, "sequence_id"),
        ("sine-gru", {"parameters": {"sequence_id": "x" * 128, "sequence_start": True}}, "sequence_id"),
        ("sine-gru", {"parameters": {"sequence_id": 1, "seq": "0"}}, "seq"),
        ("sine-gru", {"parameters": {"seq": 1}}, "sequence_id"),
        ("sine-gru", {"inputs": [tensor([1.0, 2.0], [2, 1])]}, "one row"),
        ("sine-gru", {"inputs": [tensor([0.0, 1.0], [1, 1, 2])]}, "one row"),
        ("sine-gru", {"outputs": [{"name": "quantiles"}]}, "no quantiles"),
        ("textbook-sine-gru", {}, "first value"),
        ("memory-gru", {}, "cannot follow"),
    ],
)
def test_what_is_no_request_of_a_sequence_is_refused(
    api: httpx.Client, model: str, body: dict[str, Any], words: str
) -> None:
    asked = {"inputs": [tensor([1.0], [1, 1])], "parameters": {"sequence_id": "bad", "sequence_start": True}}
    assert_foreign_error(api.post(f"/v2/models/{model}/infer", json={**asked, **body}), 400, words)


def test_the_server_says_that_it_has_sequences(api: httpx.Client) -> None:
    assert {"sequence", "sequence(string_id)"} <= {*api.get("/v2").json()["extensions"]}
