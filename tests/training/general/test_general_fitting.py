"""Training of the general series model: it learns, and a run that was cut off goes on as if it had not been."""

from __future__ import annotations

import shutil
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.general.small import SMALL, batch
from training.general.recipes import RECIPES

pytestmark = pytest.mark.tensorflow


@pytest.fixture(autouse=True)
def _few_series(monkeypatch: pytest.MonkeyPatch) -> None:
    few_series(monkeypatch)


def few_series(patch: pytest.MonkeyPatch) -> None:
    """Pools of three batches of one length: a single program is compiled."""
    from training.general import fitting

    patch.setattr(fitting, "batches", lambda plan, seed, number: [batch(3 * number + each) for each in range(3)])
    patch.setattr(fitting, "_CHECKPOINT", 1)
    patch.setattr(fitting, "TURN", 2)


# Long enough to learn something.
LEARNING = {cell: replace(each, plan=replace(each.plan, updates=60, rate=1e-2)) for cell, each in SMALL.items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path, Path]:
    """The small GRU as one run trains it, the checkpoint that it leaves, and that which it had after six updates."""
    from training.general import fitting

    path = tmp_path_factory.mktemp("whole") / "run.npz"
    early = path.with_name("early.npz")

    def keep(progress: Any) -> None:
        if progress.done == 6:
            shutil.copy(path, early)

    with pytest.MonkeyPatch.context() as patch:
        few_series(patch)
        return fitting.fit(LEARNING["gru"], 0, path, keep), path, early


def weights(fitted: Any) -> list[Any]:
    return [np.asarray(each) for each in fitted.network.weights]


@pytest.mark.parametrize("cell", SMALL)
def test_the_loss_falls(cell: Any, request: pytest.FixtureRequest) -> None:
    from training.general import fitting

    fitted = request.getfixturevalue("whole")[0] if cell == "gru" else fitting.fit(LEARNING[cell], 0)
    losses = fitted.losses
    assert np.mean(losses[-4:]) < 0.8 * np.mean(losses[:4])


def test_a_run_that_was_cut_off_goes_on_to_the_same_weights(whole: tuple[Any, Path, Path]) -> None:
    from training.general import fitting

    recipe, told = LEARNING["gru"], []
    gone_on = fitting.fit(recipe, 0, whole[2], lambda progress: told.append(progress.done))
    assert told == list(range(9, 61, 3))
    assert gone_on.losses == whole[0].losses
    assert gone_on.updates == recipe.plan.updates
    for mine, other in zip(weights(gone_on), weights(whole[0]), strict=True):
        assert np.array_equal(mine, other)


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path, whole: tuple[Any, Path, Path]) -> None:
    from training.general import checkpoints, fitting

    with pytest.raises(checkpoints.CheckpointError, match="another recipe or seed"):
        fitting.fit(LEARNING["gru"], 1, whole[1])
    path = tmp_path / "run.npz"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(checkpoints.CheckpointError, match="no checkpoint"):
        fitting.fit(LEARNING["gru"], 0, path)


def test_batches_hold_series_of_like_lengths_in_a_fixed_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    from training.general import fitting

    monkeypatch.setattr(fitting, "_POOL", 300)
    plan = SMALL["gru"].plan
    first, again = (fitting.batches(plan, 0, 4) for _ in range(2))
    assert {each.sequence.shape[1] for each in first} == {32, 64, 128, 224, 448}
    assert all(len(each.sequence) == plan.batch for each in first)
    assert all(np.array_equal(a.truth, b.truth) for a, b in zip(first, again, strict=True))


def test_the_loss_is_twice_the_pinball_loss_of_what_counts() -> None:
    from training.general import fitting

    truth = np.array([[[[1.0, 2.0], [5.0, 0.0]]]], np.float32)
    answered = np.array([[[[0.0, 2.0], [9.0, 9.0]]]], np.float32)
    loss = fitting.pinball((0.1, 0.5))(truth, answered)
    assert float(loss) == pytest.approx(2.0 * 2.0 * (0.1 * 1.0 + 0.5 * 1.0) / 2)


@pytest.mark.parametrize("name", RECIPES)
def test_the_weights_that_are_kept_are_those_of_the_recipe(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.general import fitting, graph

    monkeypatch.setattr(fitting, "batches", None)  # nothing is left to be trained
    kept = Path(str(files("training.general"))) / "trained" / f"{name}.npz"
    fitted = fitting.fit(RECIPES[name], 0, kept)
    assert fitted.updates == RECIPES[name].plan.updates
    assert np.mean(fitted.losses[-5:]) < 0.8 * fitted.losses[0]
    assert len(graph.to_onnx(fitted.network, RECIPES[name].shape)) < 300_000
