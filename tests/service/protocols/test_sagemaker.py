"""SageMaker's runtime over HTTP: the bodies of DeepAR and Chronos."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from service.keys import KeyFile
from tests.conftest import MODELS
from tests.problems import NUMBER, TEXT
from tests.serving import in_thread

WAVE = [round(10 + 3 * math.sin(2 * math.pi * step / 12), 2) for step in range(48)]
SHORT = [3.0, 4.0, 6.0, 5.5, 7.0, 8.5]
LINES = {"content-type": "application/jsonlines"}


def ask(api: httpx.Client, body: Any, model: str = "sine-gru", **headers: str) -> Any:
    answer = api.post(f"/endpoints/{model}/invocations", json=body, headers=headers)
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.json()["predictions"]


def native(api: httpx.Client, horizon: int, *sequences: list[Any], **asked: Any) -> list[dict[str, Any]]:
    posted = {"sequences": sequences, "horizon": horizon, "model": "sine-gru", **asked}
    found: list[dict[str, Any]] = api.post("/forecast", json=posted).raise_for_status().json()["forecasts"]
    return found


def assert_message(response: httpx.Response, status: int, words: str = "") -> None:
    """``response`` is an error as boto3 reads it, small, repeating no input."""
    assert response.status_code == status, response.text[:500]
    assert len(response.content) <= 4096
    assert TEXT not in response.text
    assert str(NUMBER) not in response.text
    assert response.json().keys() == {"Message", "Code", "RequestId"}
    assert words in response.json()["Message"]


def test_deepars_body_is_answered_like_forecast(api: httpx.Client) -> None:
    configuration = {
        "num_samples": 4,
        "output_types": ["mean", "quantiles", "samples"],
        "quantiles": ["0.1", "0.50"],
        "prediction_length": 3,
    }
    instances = [{"start": "2024-01-01 00:00:00", "target": WAVE}, {"target": SHORT}]
    found = ask(api, {"instances": instances, "configuration": configuration})
    at = [0.1, 0.125, 0.375, 0.5, 0.625, 0.875]
    for told, each in zip(found, native(api, 3, WAVE, SHORT, quantiles=at), strict=True):
        assert told["mean"] == each["values"]
        assert told["quantiles"] == {"0.1": each["quantiles"]["0.1"], "0.50": each["quantiles"]["0.5"]}
        assert told["samples"] == [each["quantiles"][name] for name in ("0.125", "0.375", "0.625", "0.875")]
        assert {name: told[name] for name in ("model", "version", "check", "season")} == {
            name: each[name] for name in ("model", "version", "check", "season")
        }


def test_samples_have_the_quantiles_at_each_step(api: httpx.Client) -> None:
    configuration = {"num_samples": 199, "output_types": ["samples", "quantiles"], "quantiles": ["0.1", "0.9"]}
    (found,) = ask(api, {"instances": [{"target": WAVE}], "configuration": configuration})
    assert "mean" not in found
    drawn = np.quantile(np.array(found["samples"]), (0.1, 0.9), axis=0)
    width = np.subtract(found["quantiles"]["0.9"], found["quantiles"]["0.1"])
    assert (np.abs(drawn - [found["quantiles"]["0.1"], found["quantiles"]["0.9"]]) < 0.02 * width).all()


def test_how_far_to_go_comes_from_the_features_the_request_or_is_twelve(api: httpx.Client) -> None:
    features = [[0.0] * (len(SHORT) + 2), [1.0] * (len(SHORT) + 2)]
    instances = [{"target": WAVE}, {"target": SHORT, "dynamic_feat": features, "cat": [0]}]
    first, second = ask(api, {"instances": instances})
    assert [len(first["mean"]), len(second["mean"])] == [12, 2]
    assert [len(second["quantiles"][f"0.{tenth}"]) for tenth in range(1, 10)] == [2] * 9
    assert not any("not read" in each for each in first["warnings"])
    assert [each for each in second["warnings"] if "not read" in each] == [
        "sine-gru takes no covariates: what was posted is not read."
    ]
    (found,) = ask(api, {"instances": [{"target": WAVE}], "configuration": {"prediction_length": 5}})
    assert found["mean"] == native(api, 5, WAVE)[0]["values"]


@pytest.mark.parametrize("gap", ["null", "NaN", '"NaN"'])
def test_a_missing_value_is_null_nan_or_its_name(api: httpx.Client, gap: str) -> None:
    content = f'{{"instances": [{{"target": [1, 2, {gap}, 4, 5, 6]}}]}}'
    answer = api.post("/endpoints/auto/invocations", content=content)
    assert answer.status_code == httpx.codes.OK, answer.text
    expected = api.post("/forecast", json={"sequence": [1, 2, None, 4, 5, 6], "horizon": 12}).json()["forecasts"][0]
    assert answer.json()["predictions"][0]["mean"] == expected["values"]


def test_json_lines_go_in_and_out(api: httpx.Client) -> None:
    content = "\n".join(json.dumps({"target": each}) for each in (WAVE, SHORT)) + "\n\n"
    expected = [each["values"] for each in native(api, 12, WAVE, SHORT)]
    for headers, kind in (
        (LINES, "application/jsonlines"),
        ({**LINES, "accept": "application/jsonlines"}, "application/jsonlines"),
        ({**LINES, "accept": "application/json"}, "application/json"),
    ):
        answer = api.post("/endpoints/sine-gru/invocations", content=content, headers=headers)
        assert answer.headers["content-type"] == kind
        found = [json.loads(line) for line in answer.text.splitlines()]
        assert [each["mean"] for each in (found if kind.endswith("lines") else found[0]["predictions"])] == expected


def test_chronos_body_is_answered_like_forecast(api: httpx.Client) -> None:
    inputs = [{"target": WAVE, "item_id": "a", "start": "2024-01-31"}, {"target": SHORT}]
    parameters = {"prediction_length": 3, "quantile_levels": [0.1, 0.9], "freq": "ME"}
    first, second = ask(api, {"inputs": inputs, "parameters": parameters})
    expected = native(api, 3, WAVE, SHORT, quantiles=[0.1, 0.9], season=12)
    for told, each in zip((first, second), expected, strict=True):
        assert (told["mean"], told["0.1"], told["0.9"]) == (each["values"], *each["quantiles"].values())
    assert (first["item_id"], first["start"]) == ("a", "2028-01-31T00:00:00")
    assert not {"item_id", "start"} & second.keys()
    (found,) = ask(api, {"inputs": [{"target": WAVE}]})
    assert [len(found[name]) for name in ("mean", "0.1", "0.5", "0.9")] == [1] * 4


def test_without_a_spread_quantiles_and_samples_are_null(api: httpx.Client) -> None:
    configuration = {"output_types": ["quantiles", "samples"], "quantiles": ["0.5"]}
    body = {"instances": [{"target": WAVE}], "configuration": configuration}
    (found,) = ask(api, body, model="textbook-linear-simplernn-20")
    assert (found["quantiles"], found["samples"]) == ({"0.5": None}, None)


def test_a_call_is_one_row(api: httpx.Client) -> None:
    answer = api.post("/invocations", json={"inputs": [{"target": WAVE, "start": "2024-01-01"}]})
    row = api.get(f"/requests/{answer.headers['x-request-id']}").json()
    assert (row["endpoint"], row["sequences"], row["values"]) == ("/endpoints/{model}/invocations", 1, 48)
    assert row["request"]["inputs"][0]["start"] == "2024-01-01"


def test_a_container_says_that_it_is_there_and_how_to_ask(api: httpx.Client) -> None:
    assert api.get("/ping").json() == {"ready": True}
    found = api.get("/execution-parameters").json()
    assert found == {"MaxConcurrentTransforms": 8, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 8}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "exactly one of instances"),
        ({"instances": [{"target": SHORT}], "inputs": [{"target": SHORT}]}, "exactly one of instances"),
        ({"instances": []}, "instances"),
        ({"instances": [{"target": []}]}, "target"),
        ({"instances": [{"target": [TEXT]}]}, "target"),
        ({"instances": [{"target": ["NaN", None]}]}, "no gap"),
        ({"instances": [{"target": [1, float("inf")]}]}, "finite"),
        ({"instances": [{"target": [1e301, 1]}]}, "1e300"),
        ({"instances": [{"target": SHORT, "dynamic_feat": [[1.0]]}]}, "features for 1 to 1000 steps"),
        ({"instances": [{"target": SHORT, "dynamic_feat": [[1.0] * 8, [1.0] * 7]}]}, "features of one length"),
        ({"instances": [{"target": SHORT}, {"target": ["NaN"]}]}, "instances.1: expected at least one value"),
        ({"instances": [{"target": [1, [1]]}]}, "instances.0.target.1: Input should be a valid number"),
        ({"instances": [{"target": SHORT, "start": TEXT}]}, "instances.0.start: expected a time in ISO 8601"),
        ({"inputs": [{"target": SHORT, "start": "yesterday"}]}, "inputs.0.start: expected a time in ISO 8601"),
        ({"instances": [{"target": SHORT}], "configuration": {"quantiles": ["2"]}}, "between 0 and 1"),
        ({"instances": [{"target": SHORT}], "configuration": {"quantiles": [TEXT]}}, "between 0 and 1"),
        ({"instances": [{"target": SHORT}], "configuration": {"num_samples": 0}}, "num_samples"),
        ({"instances": [{"target": SHORT}], "configuration": {"output_types": [TEXT]}}, "output_types"),
        ({"inputs": [{"target": SHORT, "past_covariates": {"a": SHORT}}]}, "leave them out"),
        ({"inputs": [{"target": SHORT}], "parameters": {"prediction_length": 1001}}, "prediction_length"),
        ({"inputs": [{"target": SHORT}], "parameters": {"quantile_levels": [1.0]}}, "between 0 and 1"),
        ({"inputs": [{"target": SHORT}] * 1000, "parameters": {"prediction_length": 1000}}, "at most 250000"),
    ],
)
def test_bad_input_is_a_400_with_a_message(api: httpx.Client, body: Any, words: str) -> None:
    assert_message(api.post("/endpoints/sine-gru/invocations", content=json.dumps(body)), 400, words)


def test_what_is_no_request_is_refused(api: httpx.Client) -> None:
    for content in (b"", b"{", b"null", b'{"instances": ' + b"[" * 90_000):
        assert_message(api.post("/endpoints/sine-gru/invocations", content=content), 400)
    for content in (b"", b'{"target": [1]}\n{', b"[]\n"):
        assert_message(api.post("/endpoints/sine-gru/invocations", content=content, headers=LINES), 400)
    answer = api.post("/endpoints/sine-gru/invocations", content=b'{"target": [1]}\n\n{"target": 1}', headers=LINES)
    assert_message(answer, 400, "line 3: target")
    assert_message(api.post("/invocations", content=b"1", headers={"content-type": "text/csv"}), 415)
    assert_message(api.post(f"/endpoints/{TEXT}/invocations", json={"instances": [{"target": SHORT}]}), 404)
    body = {"instances": [{"target": SHORT}]}
    assert_message(api.post("/endpoints/memory-gru/invocations", json=body), 400, "cannot continue")


def test_where_there_are_keys_one_is_sent_as_a_header(tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "keys.json").add("shop", "predict")
    with in_thread(
        models_dir=MODELS,
        database_url=f"sqlite:///{tmp_path}/unroll.db",
        log_durability="process",
        api_keys_file=tmp_path / "keys.json",
    ) as client:
        signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=none/20240101/us-east-1/sagemaker/aws4_request"}
        body = {"inputs": [{"target": SHORT}]}
        assert_message(client.post("/invocations", json=body, headers=signed), 401, "aws_session_token")
        for name in ("X-API-Key", "X-Amz-Security-Token"):
            assert client.post("/invocations", json=body, headers={**signed, name: key}).status_code == 200
        wrong = {**signed, "X-Amz-Security-Token": key[:-1]}
        assert_message(client.post("/invocations", json=body, headers=wrong), 401, "not known here")
