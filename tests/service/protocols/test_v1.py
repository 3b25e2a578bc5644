"""The protocol of TF Serving and KServe v1, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.problems import NUMBER, TEXT, assert_foreign_error

SINE = [0.0, 0.48, 0.84, 1.0, 0.91, 0.6, 0.14, -0.35, -0.76, -0.98]
PAIRS = [[0, 0.1], [3, 0.9], [2, 0.3], [5, 0.7]]


def predicted(api: httpx.Client, model: str, *sequences: Any) -> list[float]:
    answer = api.post("/predict", json={"model": model, "sequences": sequences}).json()
    return [each["value"] for each in answer["predictions"]]


def ask(api: httpx.Client, *instances: Any, model: str = "sine-gru") -> httpx.Response:
    return api.post(f"/v1/models/{model}:predict", json={"instances": instances})


def test_ragged_instances_are_answered_like_predict(api: httpx.Client) -> None:
    answer = ask(api, SINE, SINE[:4])
    assert answer.status_code == httpx.codes.OK
    assert answer.json() == {"predictions": predicted(api, "sine-gru", SINE, SINE[:4])}


def test_steps_in_lists_of_one_are_numbers(api: httpx.Client) -> None:
    assert ask(api, [[value] for value in SINE]).json() == ask(api, SINE).json()


def test_pairs_are_answered_like_predict(api: httpx.Client) -> None:
    assert ask(api, PAIRS, model="memory-lstm").json() == {"predictions": predicted(api, "memory-lstm", PAIRS)}


def test_a_version_in_the_path_selects_it(api: httpx.Client) -> None:
    assert api.post("/v1/models/sine-gru/versions/1:predict", json={"instances": [SINE]}).status_code == httpx.codes.OK
    missing = api.post("/v1/models/sine-gru/versions/7:predict", json={"instances": [SINE]})
    assert_foreign_error(missing, 404, "Request for unknown model")


def test_an_answer_is_on_record_with_its_model(api: httpx.Client) -> None:
    answer = ask(api, SINE)
    row = api.get(f"/requests/{answer.headers['x-request-id']}").json()
    assert row["endpoint"] == "/v1/models/{model}:predict"
    assert row["models"] == ["sine-gru/1"]
    assert row["response"] == answer.json()
    assert (row["sequences"], row["values"]) == (1, len(SINE))


def test_served_models_say_that_they_are_ready(api: httpx.Client) -> None:
    assert "sine-gru" in api.get("/v1/models").json()["models"]
    status = api.get("/v1/models/sine-gru").json()
    assert status["ready"] is True
    assert status["model_version_status"][0]["state"] == "AVAILABLE"
    assert_foreign_error(api.get("/v1/models/nobody"), 404, "Request for unknown model")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b'{"instances": []}',
        b'{"instances": [[]]}',
        b'{"instances": [[1, NaN]]}',
        b'{"instances": [[1, 1e400]]}',
        b'{"instances": [[1, null]]}',
        b'{"instances": [[1, "2"]]}',
        b'{"instances": [[true, 2]]}',
        b'{"instances": [[1, 2]], "instances": [[1, 2]]}',
        b'{"instances": [[1, 2]], "Zq7mark": 1}',
        b'{"instances": [[[1, 2], [3]]]}',
        b'{"instances": [[[1, 2, 3]]]}',
        b'{"instances": [' + b"[" * 100_000,
    ],
)
def test_bad_input_is_a_400_in_the_protocols_own_shape(api: httpx.Client, body: bytes) -> None:
    assert_foreign_error(api.post("/v1/models/sine-gru:predict", content=body), 400)


def test_errors_repeat_no_input(api: httpx.Client) -> None:
    assert_foreign_error(api.post(f"/v1/models/{TEXT}:predict", json={"instances": [SINE]}), 404)
    assert_foreign_error(ask(api, [NUMBER, TEXT]), 400)


def test_the_wrong_method_names_the_right_one(api: httpx.Client) -> None:
    response = api.get("/v1/models/sine-gru:infer/x")
    assert_foreign_error(response, 404)
    response = api.get("/v1/models/sine-gru:predict")
    assert_foreign_error(response, 405)
    assert response.headers["allow"] == "POST"
    response = api.post("/v1/models")
    assert_foreign_error(response, 405)
    assert response.headers["allow"] == "GET, HEAD"
