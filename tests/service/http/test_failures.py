"""What is answered when the service itself is at fault, and that it goes on afterwards."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.app import PROTOCOLS, create_app
from service.errors import ModelUnavailable, NonFiniteOutput
from service.http.errors import PROBLEMS
from service.http.protocol import Protocol
from service.inference.engine import Engine
from service.inference.questions import Answer, Predict
from service.protocols.native.codecs import NativeCodec
from service.protocols.native.predicted import PredictRequest, PredictResponse
from service.request_log.database import sqlite_module
from service.settings import Settings
from tests.conftest import MODELS, CopyModel
from tests.problems import TEXT, assert_problem
from tests.serving import in_thread


def settings(folder: Path) -> dict[str, Any]:
    return {"models_dir": MODELS, "database_url": f"sqlite:///{folder / 'unroll.db'}", "log_durability": "process"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NonFiniteOutput("sine-gru/1 answered with a number that is not finite"), 500, "non_finite_output"),
        (RuntimeError(TEXT), 500, "internal"),
        (ModelUnavailable("this model is loading"), 503, "model_unavailable"),
    ],
)
def test_a_failing_answer_is_a_problem_and_leaves_a_row(
    tmp_path: Path, error: Exception, status: int, code: str
) -> None:
    class Failing(Predict):
        @classmethod
        def answers(cls, engine: Engine, questions: list[Any]) -> list[Answer[Any]]:
            raise error

    class FailingRequest(PredictRequest):
        def question(self) -> Predict:
            return Failing(self.posted(), None, None)

    codec = NativeCodec("/failing", "Fail.", FailingRequest, PredictResponse, {})
    protocols = (*PROTOCOLS, Protocol(("/failing",), PROBLEMS, (codec,)))
    app = create_app(Settings(**settings(tmp_path)), protocols=protocols)
    with in_thread(app, **settings(tmp_path)) as client:
        response = client.post("/failing", json={"sequence": [1, 2]})
        assert_problem(response, status, code)
        assert client.post("/compare", json={"task": "sine", "sequence": [1, 2]}).status_code == 200
        row = client.get(f"/requests/{response.headers['x-request-id']}").json()
    assert (row["status"], row["code"], row["request"]) == (status, code, None)


def test_a_failure_outside_the_computing_endpoints_is_a_problem_with_an_id(tmp_path: Path) -> None:
    app = create_app(Settings(**settings(tmp_path)))

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError(TEXT)

    with in_thread(app, **settings(tmp_path)) as client:
        assert_problem(client.get("/broken"), 500, "internal")
        assert client.get("/health/ready").status_code == 200


def test_while_the_log_cannot_be_written_answers_are_refused_and_it_heals(tmp_path: Path) -> None:
    file = tmp_path / "unroll.db"
    with in_thread(**settings(tmp_path), log_commit_timeout=0.3) as client:
        with closing(sqlite_module().connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            assert_problem(client.post("/predict", json={"sequence": [1, 2]}), 503, "log_unavailable")
            ready = client.get("/health/ready")
            assert (ready.status_code, ready.json()["log"]) == (503, "unavailable")
            assert client.get("/health/live").status_code == 200
            assert_problem(client.post("/predict", json={"sequence": [1, 2]}), 503, "log_unavailable")
            other.execute("ROLLBACK")
        for _ in range(200):  # it tries again by itself
            if client.get("/health/ready").status_code == 200:
                break
            client.get("/models")
            asyncio.run(asyncio.sleep(0.05))
        assert client.post("/predict", json={"sequence": [1, 2]}).status_code == 200


def test_a_refused_model_folder_is_named_everywhere_and_the_others_serve(tmp_path: Path, copy_model: CopyModel) -> None:
    folder = copy_model("sine-gru")
    copy_model("linear-gru")
    (folder / "model.onnx").write_bytes(b"")
    changed = {**settings(tmp_path), "models_dir": folder.parents[1], "published_models": False}
    with in_thread(**changed) as client:
        ready = client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json()["models"] == 1
        assert ready.json()["refused"].keys() == client.get("/models").json()["refused"].keys() == {"sine-gru/1"}
        body = {"model": "sine-gru", "sequence": [1, 2]}
        problem = assert_problem(client.post("/predict", json=body), 503, "model_unavailable")
        assert "checksum" in problem["detail"]
        assert_problem(client.get("/models/sine-gru"), 503, "model_unavailable")
        assert client.post("/predict", json={**body, "model": "linear-gru"}).status_code == 200
        problem = assert_problem(
            client.post("/compare", json={"task": "sine", "sequence": [1, 2]}), 503, "model_unavailable"
        )
        assert "checksum" in problem["detail"]


def test_without_any_model_the_service_is_alive_and_not_ready(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with in_thread(**{**settings(tmp_path), "models_dir": tmp_path / "none", "published_models": False}) as client:
        assert client.get("/health/live").status_code == 200
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"], ready.json()["models"]) == (503, "not ready", 0)
        assert client.get("/models").json() == {"models": [], "refused": {}}


@pytest.mark.parametrize("encoding", ["identity", "Identity"])
def test_the_encoding_identity_changes_nothing(api: httpx.Client, encoding: str) -> None:
    response = api.post("/predict", content=b'{"sequence":[1,2]}', headers={"Content-Encoding": encoding})
    assert response.status_code == 200
