"""Stored runs, summaries and the rendered report, from the published cards and made-up runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.accuracy import beside, figures, lecture, plans, report, run_store, summary, targets
from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.forecasting import report as forecasts
from benchmarks.accuracy.run_store import Run
from benchmarks.accuracy.studies import SHORT_MEMORY
from tests.conftest import MODELS
from training import plots
from training.registry import PUBLISHED
from training.tasks import memory


def test_a_stored_run_is_found_again_only_as_it_was_made(tmp_path: Path) -> None:
    run_store.store(tmp_path, Run("sine-gru", 1, "made so", {"loss": 0.5}))
    assert run_store.stored(tmp_path, "sine-gru", 1, "made so")
    assert not run_store.stored(tmp_path, "sine-gru", 1, "made otherwise")
    assert not run_store.stored(tmp_path, "sine-gru", 2, "made so")
    assert [run.numbers for run in run_store.runs(tmp_path)] == [{"loss": 0.5}]


def test_a_damaged_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "sine-gru.1.json").write_text("{")
    with pytest.raises(run_store.RunStoreError, match=r"sine-gru\.1\.json"):
        list(run_store.runs(tmp_path))


def test_another_recipe_or_count_is_another_run() -> None:
    prints = {run_store.fingerprint(PUBLISHED[name], count) for name in PUBLISHED for count in (10, 20)}
    assert len(prints) == 2 * len(PUBLISHED)


def test_a_field_at_its_default_makes_no_other_run() -> None:
    recipe = PUBLISHED["sine-gru"]
    assert run_store.fingerprint(replace(recipe, initial="keras"), 10) == run_store.fingerprint(recipe, 10)
    assert run_store.fingerprint(replace(recipe, clipnorm=None), 10) != run_store.fingerprint(recipe, 10)


def test_an_evaluation_leaves_out_what_is_stored(tmp_path: Path) -> None:
    recipes = [PUBLISHED["sine-gru"], PUBLISHED["textbook-sine-gru"]]
    labels = [job.label for job in plans.evaluation(recipes, 3, tmp_path, tmp_path, 10)]
    assert labels == ["sine-gru, seed 1", "sine-gru, seed 2"]
    run_store.store(tmp_path, Run("sine-gru", 1, run_store.fingerprint(recipes[0], 10), {}))
    labels = [job.label for job in plans.evaluation(recipes, 3, tmp_path, tmp_path, 10)]
    assert labels == ["sine-gru, seed 2"]


def test_an_evaluation_of_a_memory_model_trains_it_on_short_windows_too(tmp_path: Path) -> None:
    labels = [job.label for job in plans.evaluation([PUBLISHED["memory-gru"]], 1, tmp_path, tmp_path, 10)]
    assert labels == ["memory-gru-short, seed 0"]
    published, short = PUBLISHED["memory-gru"], SHORT_MEMORY["gru"]
    assert max(stage.timesteps for stage in short.stages) == memory.LAB_LENGTH
    assert [stage.steps for stage in short.stages] == [stage.steps for stage in published.stages]


def test_a_reproduction_has_every_row_of_the_lecture(tmp_path: Path) -> None:
    labels = [job.label for job in plans.reproduction(1, tmp_path, 10)]
    assert all(f"{figure.model}, seed 0" in labels for figure in lecture.FIGURES)
    assert {f"{study} {cell}, seed 0" for study in ("S2", "S3") for cell in ("simplernn", "lstm", "gru")} <= set(labels)
    assert sum("timed" in label for label in labels) == 3


def test_a_summary_counts_failures_and_brackets_the_median() -> None:
    found = summary.summarise([1e-4, 1e-3, 1e-2, 1e-3, float("nan")])
    assert (found.runs, found.failures) == (5, 1)
    assert found.median == pytest.approx(1e-3)
    assert found.interval[0] <= found.quartiles[0] <= found.median <= found.quartiles[1] <= found.interval[1]


def test_skill_against_a_hopeless_rule_keeps_its_digits() -> None:
    assert beside.skill(0.25, 1.0) == "0.75"
    assert beside.skill(2.0, 1.0) == "-1"
    assert beside.skill(3e-8, 1.0) == "1 - 3.0e-8"


def test_a_rule_that_is_the_answer_does_not_count_as_fooling() -> None:
    (evaluation, *_) = report.read_published(MODELS)["linear-gru"].card.evaluations
    assert beside.best(evaluation, beside.mae)[0] == "line"
    assert beside.fooling("linear", evaluation, beside.mae)[0] == "naive"
    assert beside.rules("linear", evaluation, beside.rmse).startswith("line ")


def test_claims_are_judged_by_medians() -> None:
    errors = {figure.model: [1e-3] for figure in lecture.FIGURES}
    errors |= {"textbook-linear-simplernn-20": [1e-2], "textbook-linear-simplernn-256": [1e-4]}
    said = lecture.claims(errors)
    assert "256 units predict better than 20: **held**" in said
    assert "The LSTM remembers better than the simple RNN, trained as in the lab, equal units: **did not hold**" in said
    assert "equal parameters" not in said
    matched = {"textbook-memory-simplernn-21": [2e-3], "textbook-memory-gru-11": [1e-3]}
    said = lecture.claims(errors | matched)
    assert "The GRU remembers better than the simple RNN, trained as in the lab, equal parameters: **held**" in said
    assert "Not all" in lecture.claims({})


@pytest.fixture
def few_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the coverage by noise, which a report computes anew."""
    monkeypatch.setattr(targets, "_BY_NOISE", 300)


@pytest.mark.usefixtures("few_windows")
def test_the_report_has_a_row_for_every_target(tmp_path: Path) -> None:
    folders = report.read_published(MODELS)
    text = report.render(folders, [])
    assert all(f"| S{number} |" in text for number in range(1, 15))
    assert "sine-gru" in report.short_table(folders)
    for name, drawn in report.drawings(folders, []).items():
        assert len(plots.svg(drawn)) <= 60_000, name
    once, again = (plots.svg(figures.memory_by_length(folders)) for _ in range(2))
    assert once == again


@pytest.mark.usefixtures("few_windows")
def test_the_time_of_the_whole_training_is_shown_for_the_recipes_as_they_are() -> None:
    folders = report.read_published(MODELS)
    made_so = run_store.fingerprint_of_all(PUBLISHED.values(), folders["sine-gru"].card.evaluations[0].sequences)
    took = {"seconds": 1500.0, "jobs": 2}
    text = report.render(folders, [Run(run_store.WHOLE, 0, made_so, took)])
    assert "25.0 min by the clock, 2 at a time | goal met" in text
    assert "by the clock, 2" not in report.render(folders, [Run(run_store.WHOLE, 0, "an earlier recipe", took)])


def test_a_missing_readme_or_marker_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "read_published", lambda _: {})
    monkeypatch.setattr(report, "drawings", lambda *_: {})
    monkeypatch.setattr(report, "render", lambda *_: "text")
    monkeypatch.setattr(report, "short_table", lambda _: "table")
    monkeypatch.setattr(forecasts, "drawings", lambda _: {})
    document = ["--document", str(tmp_path / "accuracy.md")]
    options = ["report", "--models-dir", str(tmp_path), "--out", str(tmp_path), *document, "--readme"]
    assert main([*options, str(tmp_path / "none.md")]) == 1
    assert "there is no none.md" in capsys.readouterr().err
    readme = tmp_path / "README.md"
    readme.write_text("nothing\n")
    assert main([*options, str(readme)]) == 1
    assert "lacks the markers" in capsys.readouterr().err
    readme.write_text("<!-- models:begin -->\n<!-- models:end -->\n")
    assert main([*options, str(readme)]) == 0
    assert readme.read_text() == "<!-- models:begin -->\ntable\n<!-- models:end -->\n"
    assert (tmp_path / "accuracy.md").read_text() == forecasts.render(forecasts.kept())


def test_untrained_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(report.ReportError, match="linear-simplernn"):
        report.read_published(tmp_path)
