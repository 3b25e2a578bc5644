"""What workers do: small full-batch fits, scores that are stored, and the clock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.accuracy import run_store, runs
from service.folders import read_folder
from tests.conftest import MODELS
from training.calibration import GRID
from training.recipes import Recipe, shortened
from training.registry import PUBLISHED
from training.tasks import linear

pytestmark = pytest.mark.tensorflow


def ignored(_: Any) -> None:
    return None


def test_full_batch_fitting_reaches_what_adam_does_not() -> None:
    from benchmarks.accuracy import full_batch

    fitted = full_batch.fit("gru", 4, linear.comparison(), seed=0, evaluations=300)
    windows = linear.comparison()
    assert fitted.loss < 1e-6
    assert np.mean((fitted.answer(windows.inputs) - windows.targets) ** 2) == pytest.approx(fitted.loss, rel=1e-6)


@pytest.mark.parametrize("study", ["S2", "S3"])
def test_a_lab_fit_is_stored_with_its_errors(study: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "LAB_EVALUATIONS", 20)
    monkeypatch.setattr(runs, "FRESH", 1_000)
    runs.fit_lab(study, "simplernn", 1, tmp_path, ignored)
    (run,) = run_store.runs(tmp_path)
    assert run.key == f"{study}-simplernn"
    assert run.numbers["test_mse"] > 0
    assert ("fresh_mse" in run.numbers) is (study == "S2")


def test_the_labs_split_is_the_notebooks() -> None:
    training, test, fresh = runs.lab_windows("S2", 0)
    assert (len(training.targets), len(test.targets)) == (80, 20)
    assert fresh is not None
    assert len(fresh.targets) == 10_000


def test_scores_are_stored_without_a_model(tmp_path: Path, small_recipe: Recipe) -> None:
    runs.train_and_score(small_recipe, 2, tmp_path, 30, ignored)
    (run,) = run_store.runs(tmp_path)
    assert [each["name"] for each in run.numbers["evaluations"]] == ["clean", "noise", "free-running"]
    assert set(run.numbers["coverage"]) == set(GRID)
    assert run_store.stored(tmp_path, "sine-gru", 2, run_store.fingerprint(small_recipe, 30))


@pytest.mark.parametrize("name", ["linear-lstm", "memory-gru", "textbook-sine-gru"])
def test_published_forms_answer_like_their_keras_models(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmarks.accuracy import parity

    monkeypatch.setattr(parity, "COUNT", 250)
    runs.served_against_keras(name, MODELS, tmp_path, ignored)
    (run,) = run_store.runs(tmp_path)
    assert run.fingerprint == read_folder(MODELS / name / "1").card.checksums["model.onnx"]
    # A memory window's mean difference is near 0.02 and its mean near zero: float32 leaves 1e-5 of that.
    assert run.numbers["of_values" if "memory" in name else "of_scale"] <= 1e-5
    assert run.numbers["above"] <= 0.05 * run.numbers["sequences"]
    # Neither form is float64: what is between them comes from both.
    assert 0 < run.numbers["of_scale"] <= run.numbers["served_exact"] + run.numbers["keras_exact"]


def test_the_clock_times_both_ways(tmp_path: Path) -> None:
    recipe = shortened(PUBLISHED["textbook-linear-simplernn-20"], 3)
    runs.time_against_fit(replace(recipe, units=(2,)), 0, tmp_path, ignored)
    (run,) = run_store.runs(tmp_path)
    assert run.numbers["fit_seconds"] > 0
    assert run.numbers["loop_seconds"] > 0
