"""A model folder is written whole or not at all, and the service can read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.folders import read_folder, replacing
from service.inference.network import OnnxNetwork
from tests.conftest import MODELS
from training.recipes import Recipe, shortened
from training.registry import PUBLISHED, task_of

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("name", ["sine-lstm", "memory-gru", "linear-simplernn", "textbook-sine-gru"])
def test_a_written_folder_holds_to_the_contract(name: str, tmp_path: Path) -> None:
    from training import export, trainer

    recipe = shortened(PUBLISHED[name], 2)
    card = export.export(recipe, 5, trainer.train(recipe, 5), tmp_path, count=40)
    folder = read_folder(tmp_path / name / "1")
    assert folder.card.model_dump(mode="json") == card.model_dump(mode="json")
    assert folder.card.training.seed == 5
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert [path.name for path in (tmp_path / name).iterdir()] == ["1"]
    assert (folder.card.intervals is not None) is (name in ("sine-lstm", "linear-simplernn"))
    for plot in ("loss.svg", "fit.svg"):
        assert (tmp_path / name / "1" / plot).stat().st_size <= 60_000
    assert replayed(folder, recipe) == pytest.approx([case.value for case in folder.golden.cases], rel=1e-5, abs=1e-5)


def replayed(folder: Any, recipe: Recipe) -> list[float]:
    from training.answers import answers

    network = OnnxNetwork(folder.onnx, recipe.reading.features)
    values = []
    for case in folder.golden.cases:
        inputs = np.array(case.sequence, np.float64).reshape(1, len(case.sequence), -1)
        length = np.array([inputs.shape[1]], np.int32)
        values.append(answers(recipe.reading, network, inputs, length)[0])
    return values


def test_a_saved_model_opens_in_keras_and_answers_the_goldens(
    small_recipe: Recipe, small_trained: tuple[Any, Any], tmp_path: Path
) -> None:
    import keras

    from training import export, model_folder
    from training.answers import KerasSteps

    export.export(small_recipe, 0, small_trained[0], tmp_path, count=40)
    folder = read_folder(tmp_path / "sine-gru" / "1")
    model = keras.models.load_model(folder.path / "model.keras")
    assert getattr(model, "optimizer", None) is None
    steps = KerasSteps(model)
    for case in folder.golden.cases:
        answer = model_folder.keras_answer(small_recipe.reading, steps, case.sequence)
        assert answer == pytest.approx(case.value, rel=1e-6)


def test_a_form_that_differs_from_keras_is_not_written(
    small_recipe: Recipe, small_trained: tuple[Any, Any], tmp_path: Path, monkeypatch: Any
) -> None:
    from training import architectures, export, model_folder, onnx_form

    other = onnx_form.to_onnx(architectures.build(small_recipe))
    monkeypatch.setattr(onnx_form, "to_onnx", lambda _: other)
    with pytest.raises(model_folder.ParityError, match="differs from Keras"):
        export.export(small_recipe, 0, small_trained[0], tmp_path, count=40)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_the_old_folder_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "name" / "1"
    with replacing(target) as staged:
        (staged / "card.json").write_text("old")

    def interrupted() -> None:
        with replacing(target) as staged:
            (staged / "card.json").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (target / "card.json").read_text() == "old"
    assert [path.name for path in target.parent.iterdir()] == ["1"]


def test_a_new_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "name" / "1"
    for text in ("old", "new"):
        with replacing(target) as staged:
            (staged / f"{text}.txt").write_text(text)
    assert [path.name for path in target.iterdir()] == ["new.txt"]
    assert [path.name for path in target.parent.iterdir()] == ["1"]


@pytest.mark.parametrize("name", ["linear-lstm", "memory-lstm", "textbook-compare-gru"])
def test_a_published_model_could_be_exported_again(name: str) -> None:
    import keras

    from training import model_folder
    from training.answers import KerasSteps

    folder, recipe = read_folder(MODELS / name / "1"), PUBLISHED[name]
    model = keras.models.load_model(folder.path / "model.keras")
    model_folder.require_parity(KerasSteps(model), recipe.reading.load(folder.onnx), recipe, task_of(recipe).posted)
