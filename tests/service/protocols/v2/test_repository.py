"""The Open Inference Protocol's repository extension, over HTTP."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.conftest import CopyModel
from tests.problems import TEXT, assert_foreign_error
from tests.serving import in_thread

SERIES = [1.0, 2.0, 4.0, 7.0, 11.0]


def predict(client: httpx.Client) -> httpx.Response:
    return client.post("/predict", json={"model": "sine-gru", "sequence": SERIES})


def test_the_index_lists_what_is_served(api: httpx.Client) -> None:
    for body in (b"", b"{}", b'{"ready": true}'):
        entries = api.post("/v2/repository/index", content=body).json()
        assert {"name": "sine-gru", "version": "1", "state": "READY", "reason": ""} in entries
    for bad in (b"[", b'{"ready": 1}'):
        assert_foreign_error(api.post("/v2/repository/index", content=bad), 400)


def test_a_model_is_loaded_and_unloaded_by_name(tmp_path: Path, copy_model: CopyModel) -> None:
    folder = copy_model("sine-gru")
    settings = {"models_dir": folder.parents[1], "published_models": False}
    with in_thread(**settings, database_url=f"sqlite:///{tmp_path}/log.db") as client:
        assert client.post("/v2/repository/models/sine-gru/unload").status_code == httpx.codes.OK
        assert predict(client).status_code == httpx.codes.NOT_FOUND
        assert_foreign_error(client.get("/v2/models/sine-gru"), 404, "Request for unknown model")
        assert client.post("/v2/repository/index", json={"ready": True}).json() == []
        assert client.post("/v2/repository/models/sine-gru/load", json={}).status_code == httpx.codes.OK
        assert predict(client).status_code == httpx.codes.OK

        answer = predict(client).json()["predictions"]
        (folder / "model.onnx").write_bytes(b"no network")
        assert_foreign_error(client.post("/v2/repository/models/sine-gru/load"), 409, "failed to load")
        assert predict(client).json()["predictions"] == answer


@pytest.mark.parametrize("change", ["load", "unload"])
def test_unknown_models_cannot_be_changed(api: httpx.Client, change: str) -> None:
    for name in ("nobody", TEXT, "%2e%2e", "..%2fmodels", "x" * 300):
        assert_foreign_error(api.post(f"/v2/repository/models/{name}/{change}"), 404)
