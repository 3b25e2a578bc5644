"""Clients that people already have, unchanged, against a live service: all answer like /predict.

They run in an environment of their own, made by `make test-system`, since their pins do not fit ours.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import MODELS
from tests.serving import Process

pytestmark = pytest.mark.system

CLIENTS = Path(__file__).parent / "clients"
PYTHON = Path(__file__).parents[2] / ".venv-clients" / "bin" / "python"
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


def run(script: str, address: str) -> dict[str, Any]:
    if not PYTHON.exists():
        message = "no environment with the clients: run `make test-system`"
        if os.environ.get("UNROLL_REQUIRE_TOOLS"):
            pytest.fail(message)
        pytest.skip(message)
    command = [str(PYTHON), str(CLIENTS / script), address, json.dumps(SEQUENCES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
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


def test_plain_tf_serving_requests_work(service: Process, expected: Any) -> None:
    base = f"http://127.0.0.1:{service.port}/v1/models/sine-gru"
    as_keras = [[[value] for value in sequence] for sequence in SEQUENCES]
    for instances in (SEQUENCES, as_keras):
        body = {"signature_name": "serving_default", "instances": instances}
        for url in (f"{base}:predict", f"{base}/versions/1:predict"):
            assert httpx.post(url, json=body).json()["predictions"] == expected
    (status,) = httpx.get(base).json()["model_version_status"]
    assert (status["version"], status["state"]) == ("1", "AVAILABLE")


def test_every_request_of_every_client_is_on_record(service: Process) -> None:
    exported = service.client.get("/metrics").text.splitlines()
    for endpoint in ("/v1/models/{model}:predict", "/v2/models/{model}/infer"):
        page = service.client.get("/requests", params={"endpoint": endpoint, "limit": 1000, "status": 200}).json()
        sample = f'unroll_requests_total{{endpoint="{endpoint}",model="sine-gru/1",status="200"}} '
        answered = [float(line.removeprefix(sample)) for line in exported if line.startswith(sample)]
        assert answered == [len(page["requests"])]
