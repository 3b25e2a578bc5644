"""The Open Inference Protocol's metadata and health, over HTTP."""

from __future__ import annotations

import httpx
import pytest

from tests.problems import assert_foreign_error


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_the_server_names_itself_without_a_redirect(api: httpx.Client, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == httpx.codes.OK
    assert answer.json()["name"] == "unroll"
    assert "binary_tensor_data" in answer.json()["extensions"]


def test_the_server_is_live_and_ready_under_both_keys(api: httpx.Client) -> None:
    assert api.get("/v2/health/live").json() == {"live": True}
    assert api.get("/v2/health/ready").json() == {"live": True, "ready": True}


@pytest.mark.parametrize("path", ["/v2/models/memory-lstm", "/v2/models/memory-lstm/versions/1"])
def test_metadata_says_what_a_model_reads(api: httpx.Client, path: str) -> None:
    metadata = api.get(path).json()
    assert metadata["versions"] == ["1"]
    # Not `length`, which may be left out: NVIDIA's perf_analyzer fills all inputs that it finds with random numbers.
    assert metadata["inputs"] == [{"name": "sequence", "datatype": "FP64", "shape": [-1, -1, 2]}]
    assert metadata["outputs"] == [{"name": "prediction", "datatype": "FP64", "shape": [-1, 1]}]
    assert api.get(f"{path}/ready").json() == {"name": "memory-lstm", "ready": True}
    config = api.get(f"{path}/config").json()
    assert config["input"] == [{"name": "sequence", "data_type": "TYPE_FP64", "dims": [-1, -1, 2]}]


@pytest.mark.parametrize("path", ["", "/ready", "/config", "/versions/9", "/versions/9/ready", "/versions/9/config"])
def test_what_is_not_served_is_a_404(api: httpx.Client, path: str) -> None:
    model = "sine-gru" if "versions" in path else "nobody"
    assert_foreign_error(api.get(f"/v2/models/{model}{path}"), 404, "Request for unknown model")


def test_other_paths_and_methods_answer_in_the_protocols_own_shape(api: httpx.Client) -> None:
    assert_foreign_error(api.get("/v2/nothing/here"), 404)
    refused = api.get("/v2/models/sine-gru/infer")
    assert_foreign_error(refused, 405)
    assert refused.headers["allow"] == "POST"
