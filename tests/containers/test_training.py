"""The image's target `training`: it trains into a mounted folder, from which the service serves at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.containers.stack import BASE, Stack, engine

pytestmark = pytest.mark.containers


def test_the_train_service_writes_a_whole_model_folder_into_the_mounted_models(tmp_path: Path, image: str) -> None:
    out = tmp_path / "models"
    out.mkdir()
    owner = out.stat()
    stack = Stack("training", BASE)
    stack.environment = {"UNROLL_MODELS": str(out), "TRAIN_USER": f"{owner.st_uid}:{owner.st_gid}"}
    with stack:
        stack.compose("--profile", "tools", "build", "train")
        short = ("--steps", "2", "--count", "100", "--out", "/models")
        stack.tool("train", "train", "linear-simplernn", *short)
    written = {file.name for file in (out / "linear-simplernn" / "1").iterdir()}
    assert written == {"model.keras", "model.onnx", "card.json", "golden.json", "loss.svg", "fit.svg"}
    load = (
        "from service.inference.repository import Repository; from pathlib import Path; "
        "print(len(Repository(Path('/m')).catalog))"
    )
    assert engine("run", "--rm", "-v", f"{out}:/m:ro", "--entrypoint=python", image, "-c", load).strip() == "1"
