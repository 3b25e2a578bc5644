"""Clients that people already have, unchanged, against a live service: all answer like /predict, or like /forecast.

They run in an environment of their own, made by `make test-system`, since their pins do not fit ours.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.keys import KeyFile, Scope
from tests.conftest import MODELS
from tests.contract.test_kubernetes import manifests
from tests.serving import Process

pytestmark = pytest.mark.system

CLIENTS = Path(__file__).parent / "clients"
ROOT = Path(__file__).parents[2]
SEQUENCES = [[0.0, 0.48, 0.84, 1.0, 0.91, 0.6, 0.14], [1.0, 2.0, 3.5], [5.0, 4.0, 4.0, 3.0]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with Process(tmp_path_factory.mktemp("clients"), "--models-dir", str(MODELS)) as process:
        process.wait_until_ready()
        yield process


@pytest.fixture(scope="module")
def expected(service: Process) -> Any:
    answer = service.client.post("/predict", json={"model": "sine-gru", "sequences": SEQUENCES}).json()
    return pytest.approx([each["value"] for each in answer["predictions"]], abs=1e-6)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, str]]:
    """A service that wants a key, and one."""
    folder = tmp_path_factory.mktemp("closed")
    key = KeyFile(folder / "keys.json").add("shop", Scope.predict)
    flags = ("--models-dir", str(MODELS), "--api-keys-file", str(folder / "keys.json"), "--quota", "100000/minute")
    with Process(folder, *flags) as process:
        process.wait_until_ready()
        process.client.headers["X-API-Key"] = key
        yield process, key


def forecasts(service: Process, *sequences: list[float], **asked: Any) -> list[dict[str, Any]]:
    body = {"sequences": sequences, "horizon": 3, **asked}
    found: list[dict[str, Any]] = service.client.post("/forecast", json=body).raise_for_status().json()["forecasts"]
    return found


def joined(found: list[dict[str, Any]], name: str = "values") -> Any:
    return pytest.approx([value for each in found for value in each[name]], abs=1e-6)


def run(script: str, *arguments: str, environment: str = ".venv-clients") -> dict[str, Any]:
    python = ROOT / environment / "bin" / "python"
    if not python.exists():
        message = "no environment with the clients: run `make test-system`"
        if os.environ.get("UNROLL_REQUIRE_TOOLS"):
            pytest.fail(message)
        pytest.skip(message)
    address, *more = arguments
    command = [str(python), str(CLIENTS / script), address, json.dumps(SEQUENCES), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_tritonclient_works_sync_and_asyncio_in_every_form_and_encoding(service: Process, expected: Any) -> None:
    found = run("triton_http.py", f"127.0.0.1:{service.port}")
    answers = {case: value for case, value in found.items() if "sync" in case}
    assert len(answers) == 2 * 2 * 2 * 3 * 3 + 2
    for case, value in answers.items():
        assert value == expected, case
    for case in ("live", "ready", "model ready"):
        assert found[case] is True, case
    assert found["unknown ready"] is False
    assert sum(found["verdicts"].values()) == len(SEQUENCES)
    assert found["server"] == "unroll"
    assert found["metadata"]["inputs"][0]["shape"] == [-1, -1, 1]
    assert found["unloaded"] == ["UNAVAILABLE", False]
    assert found["loaded"]
    assert found["executions"] == 2 * 2 * 3 * 3 + 2
    assert found["unknown model"][0] == "404"
    assert "Request for unknown model" in found["unknown model"][1]


def test_tritonclient_follows_sequences_and_what_it_sends_again_counts_once(service: Process) -> None:
    found = run("triton_sequences.py", f"127.0.0.1:{service.port}")
    for number, sequence in enumerate(SEQUENCES):
        parts = [sequence[: end + 1] for end in range(len(sequence))]
        told = service.client.post("/predict", json={"model": "sine-gru", "sequences": parts}).json()["predictions"]
        expected = [[each["value"]] * 2 for each in told]
        assert found[str(number + 1)] == found[f"meter-{number}"] == expected
    assert found["not begun"][0] == "400"
    assert "must specify the START flag on the first request of the sequence" in found["not begun"][1]
    assert {"sequence", "sequence(string_id)"} <= {*found["extensions"]}


def test_kserves_rest_client_works_with_v1_and_v2(service: Process, expected: Any) -> None:
    found = run("kserve_rest.py", f"http://127.0.0.1:{service.port}")
    for case in ("v1 ragged", "v2 binary=False", "v2 binary=True"):
        assert found[case] == expected, case
    for case in ("v1 model ready", "v2 live", "v2 ready", "v2 model ready"):
        assert found[case] is True, case
    assert found["v2 unknown ready"] is False
    assert sum(found["v2 verdicts"].values()) == 1
    for version in ("v1", "v2"):
        status, message = found[f"{version} unknown model"]
        assert status == httpx.codes.NOT_FOUND
        assert "Request for unknown model" in message


def test_kserves_own_types_know_every_field_of_the_manifests() -> None:
    found = manifests("kserve")
    assert run("kserve_manifests.py", json.dumps([*found.values()])) == {"InferenceService": [], "ServingRuntime": []}
    predictor = found["InferenceService"]["spec"]["predictor"]
    predictor |= {"scaleMetrics": "concurrency", "scaleTarget": "30"}
    found["ServingRuntime"]["spec"]["containers"][0]["ports"][0]["name"] = 8000
    assert run("kserve_manifests.py", json.dumps([*found.values()])) == {
        "InferenceService": [
            ".spec.predictor.scaleTarget: int is expected",
            ".spec.predictor.scaleMetrics: V1beta1PredictorSpec has no such field",
        ],
        "ServingRuntime": [".spec.containers.0.ports.0.name: str is expected"],
    }


def test_plain_tf_serving_requests_work(service: Process, expected: Any) -> None:
    base = f"http://127.0.0.1:{service.port}/v1/models/sine-gru"
    as_keras = [[[value] for value in sequence] for sequence in SEQUENCES]
    for instances in (SEQUENCES, as_keras):
        body = {"signature_name": "serving_default", "instances": instances}
        for url in (f"{base}:predict", f"{base}/versions/1:predict"):
            assert httpx.post(url, json=body, timeout=60).json()["predictions"] == expected
    (status,) = httpx.get(base, timeout=60).json()["model_version_status"]
    assert (status["version"], status["state"]) == ("1", "AVAILABLE")


def test_timegpts_sdk_works_over_pandas_polars_and_dask(closed: tuple[Process, str]) -> None:
    service, key = closed
    found = run("nixtla_sdk.py", f"http://127.0.0.1:{service.port}/nixtla/", key)
    assert (found["key"], found["bad key"], found["delete"]) == (True, False, False)
    assert found["usage"]["minute"]["limit"] == 100_000
    assert {"auto", "sine-gru"} <= set(found["models"])
    assert found["finetuned"] == []
    given = forecasts(service, *SEQUENCES, season=12, levels=[80, 97.5])
    assert found["given"]["TimeGPT"] == joined(given)
    for level in ("80", "97.5"):
        for side, bound in (("lo", "lower"), ("hi", "upper")):
            told = pytest.approx([value for each in given for value in each["intervals"][level][bound]], abs=1e-6)
            assert found["given"][f"TimeGPT-{side}-{level}"] == told
    assert len(found["one series"]["TimeGPT"]) == 2
    assert [name for name in found["quantiles"] if "-q-" in name] == ["TimeGPT-q-10", "TimeGPT-q-50", "TimeGPT-q-90"]
    assert found["quantiles"]["TimeGPT-q-10"] < found["quantiles"]["TimeGPT-q-50"] < found["quantiles"]["TimeGPT-q-90"]
    assert sum("-q-" in name for name in found["odd quantiles"]) == 2
    assert len(found["named"]["TimeGPT"]) == 6
    assert found["whole"] == found["partitions"]
    assert len(found["history"]["TimeGPT"]) == len(found["history in partitions"]["TimeGPT"]) == 2 * (35 + 3)
    assert found["checked key"]["TimeGPT"] == found["whole"]["TimeGPT"]
    for case in ("whole numbers for times", "hours", "business days", "time zone", "whole numbers", "gaps"):
        assert all(map(math.isfinite, found[case]["TimeGPT"])), case
    assert found["zstd"] == found["zstd in parts"] == [120, 3]
    plenty = [[float((7 * place + 3 * step**2) % 23) for step in range(4)] for place in range(10_000)]
    assert found["plenty in parts"] == joined(forecasts(service, *plenty, season=1))
    assert len(found["cv"]["y"]) == 2 * 3 * 4
    assert {"TimeGPT-q-10", "TimeGPT-q-90"} <= found["cv quantiles"].keys()
    assert found["cv whole"] == found["cv in parts"]
    assert found["anomalies"] == found["anomalies in parts"]
    assert found["anomalies"]["anomaly"].count(1.0) == 1
    odd = found["anomalies"]["anomaly"].index(1.0)
    assert found["anomalies"]["ds"][odd] == "2022-07-01"
    assert len(found["online"]["anomaly_score"]) == len(found["online windows"]["anomaly_score"]) == 10
    assert found["polars"]["TimeGPT"] == found["whole"]["TimeGPT"]
    assert found["polars cv"]["TimeGPT"] == found["cv whole"]["TimeGPT"]
    assert found["polars anomalies"]["anomaly"] == found["anomalies"]["anomaly"]
    for case, other in (("dask", "whole"), ("dask cv", "cv whole"), ("dask anomalies", "anomalies")):
        assert sorted(found[case]["TimeGPT"]) == sorted(found[other]["TimeGPT"]), case
    assert found["job"] == found["whole"]
    assert found["cv job"] == found["cv whole"]
    # The client's jobs choose how many values to judge by themselves.
    assert found["online job"].keys() == found["online"].keys()
    assert len(found["online job"]["anomaly_score"]) >= 10
    assert "no model of that name" in found["failed job"]
    refused = {
        "exogenous": (422, "leave out X_df"),
        "exogenous history": (422, "leave out X_df"),
        "unknown": (404, "no model of that name"),
        "unknown finetuned": (404, "no model of that name"),
        "finetuning": (422, "finetune_steps"),
        "too much": (422, "set num_partitions="),
        "wrong key": (401, "API key"),
    }
    for case, (status, words) in refused.items():
        assert found[case][0] == status, case
        assert words in found[case][1], case


def test_timegpts_sdk_fine_tunes_and_every_worker_has_what_was_made_at_once(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    key = KeyFile(tmp_path / "keys.json").add("boss", Scope.admin)
    flags = ("--models-dir", str(tmp_path / "models"), "--workers", "2", "--api-keys-file", str(tmp_path / "keys.json"))
    with Process(tmp_path, *flags) as service:
        service.wait_until_ready()
        found = run("nixtla_finetuning.py", f"http://127.0.0.1:{service.port}/nixtla", key)
    assert found["id"] == "my-model"
    assert found["again"] == found["id"]
    (described,) = found["models"]
    assert described == found["model"]
    assert (described["created_by"], described["base_model_id"], described["freq"]) == ("boss", "series-gru", "MS")
    assert found["listed"] == ["my-model"]
    assert found["tuned"] == [found["tuned"][0]] * 12
    assert found["tuned"][0] != found["general"]
    for case in ("cv", "anomalies", "history", "made from it"):
        assert found[case], case
    assert found["loss"][0] == found["depth"][0] == 422
    assert found["deleted"] == [True, False]
    assert {status for status, _ in found["gone"]} == {404}


def test_timegpts_sdk_asks_from_rays_workers(closed: tuple[Process, str]) -> None:
    service, key = closed
    found = run("nixtla_ray.py", f"http://127.0.0.1:{service.port}/nixtla", key)
    for case, other in (("forecast", "whole"), ("cv", "cv whole"), ("anomalies", "anomalies whole")):
        assert ordered(found[case]) == ordered(found[other]), case


def ordered(frame: dict[str, list[Any]]) -> list[tuple[Any, ...]]:
    """The rows of a frame, whose parts come in any order."""
    return sorted(zip(*(frame[name] for name in sorted(frame)), strict=True))


def test_the_earlier_sdk_works_over_pandas_and_polars(closed: tuple[Process, str]) -> None:
    service, key = closed
    url = f"http://127.0.0.1:{service.port}/nixtla"
    found = run("nixtla_earlier_sdk.py", url, key, environment=".venv-earlier-clients")
    assert found["version"].startswith("0.7.")
    assert found["key"] is True
    assert found["usage"]["minute"]["limit"] == 100_000
    given = forecasts(service, *SEQUENCES, season=12, levels=[80, 97.5])
    assert found["given"]["TimeGPT"] == joined(given)
    upper = [value for each in given for value in each["intervals"]["97.5"]["upper"]]
    assert found["given"]["TimeGPT-hi-97.5"] == pytest.approx(upper, abs=1e-6)
    assert {"TimeGPT-q-10", "TimeGPT-q-50", "TimeGPT-q-90"} <= found["quantiles"].keys()
    assert found["whole"] == found["partitions"]
    assert len(found["history"]["TimeGPT"]) > 2 * 3
    assert found["zstd"] == [120, 3]
    assert found["anomalies"]["anomaly"].count(1.0) == 1
    assert found["anomalies"]["ds"][found["anomalies"]["anomaly"].index(1.0)] == "2022-07-01"
    assert len(found["online"]["anomaly_score"]) == 10
    assert found["polars"]["TimeGPT"] == found["whole"]["TimeGPT"]
    assert found["polars cv"]["TimeGPT"] == found["cv"]["TimeGPT"]
    for case, status, words in (
        ("unknown", 404, "no model of that name"),
        ("too much", 422, "set num_partitions="),
        ("wrong key", 401, "API key"),
    ):
        assert found[case][0] == status, case
        assert words in found[case][1], case


def test_boto3_works_with_the_bodies_of_deepar_and_chronos(closed: tuple[Process, str]) -> None:
    service, key = closed
    found = run("sagemaker_boto3.py", f"http://127.0.0.1:{service.port}", key)
    expected = forecasts(service, *SEQUENCES, model="sine-gru", quantiles=[0.1, 0.5, 0.9])
    for told, each in zip(found["deepar"]["predictions"], expected, strict=True):
        assert told["mean"] == pytest.approx(each["values"], abs=1e-6)
        for name in ("0.1", "0.5", "0.9"):
            of = each["quantiles"] and pytest.approx(each["quantiles"][name], abs=1e-6)
            assert told["quantiles"][name] == of
    assert len(found["deepar"]["predictions"][0]["samples"]) == 4
    assert len(found["features"]["predictions"][0]["mean"]) == 2
    assert len(found["gaps"]["predictions"][0]["mean"]) == 12
    assert [each["mean"][:3] for each in found["lines"]["predictions"]] == [each["values"] for each in expected]
    for told, each in zip(
        found["chronos"]["predictions"], forecasts(service, *SEQUENCES, model="sine-gru", season=24), strict=True
    ):
        assert told["mean"] == pytest.approx(each["values"], abs=1e-6)
    assert found["chronos"]["predictions"][0]["start"] == "2024-01-01T08:00:00"
    assert found["nothing"][0] == 400
    assert "exactly one of instances" in found["nothing"][1]
    assert found["unknown"][0] == 404


def test_kserves_time_series_types_take_the_answers(service: Process) -> None:
    found = run("kserve_timeseries.py", f"http://127.0.0.1:{service.port}")
    assert {"auto", "sine-gru"} <= set(found["models"])
    expected = forecasts(service, *SEQUENCES, model="sine-gru", season=12, quantiles=[0.1, 0.5, 0.9])
    (output,) = found["answer"]["outputs"]
    for told, each in zip(output["content"], expected, strict=True):
        assert told["mean_forecast"] == pytest.approx(each["values"], abs=1e-6)
        assert told["quantiles"] == each["quantiles"]
    assert output["content"][0]["start_timestamp"] == "2024-08-31T00:00:00"
    assert found["unknown"][0] == 404


@pytest.mark.parametrize("document", ["timegpt.md", "deepar.md"])
def test_the_lines_that_a_document_says_to_change_run(service: Process, document: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / document).read_text()
    lines = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    assert run("documented.py", f"http://127.0.0.1:{service.port}", lines)


def test_every_request_of_every_client_is_on_record(service: Process) -> None:
    exported = service.client.get("/metrics").text.splitlines()
    for endpoint in ("/v1/models/{model}:predict", "/v2/models/{model}/infer"):
        page = service.client.get("/requests", params={"endpoint": endpoint, "limit": 1000, "status": 200}).json()
        sample = f'unroll_requests_total{{endpoint="{endpoint}",model="sine-gru/1",status="200"}} '
        answered = [float(line.removeprefix(sample)) for line in exported if line.startswith(sample)]
        assert answered == [len(page["requests"])]
