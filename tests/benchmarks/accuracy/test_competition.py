"""A general model trained on for a competition: by the train part alone, judged once by the test part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.forecasting import competition, tables
from benchmarks.accuracy.forecasting.sets import SeriesSet, collected
from service.folders import read_folder
from tests.benchmarks.accuracy.test_forecasting import json_lines
from tests.training.general.small import SMALL, untrained
from training.series.excerpts import excerpts
from training.series.judge import holdout
from training.series.splits import origins
from training.series.validating import chosen_by

STEP = np.arange(60.0)


def one_set(test: float) -> SeriesSet:
    rows = [(f"T{k}", (k + np.sin(STEP)).tolist(), [test] * 6) for k in range(3)]
    return collected("m3_monthly", 12, 6, [*rows, ("short", [1.0, 2.0, 3.0], [4.0] * 6)])


def test_the_test_part_trains_nothing_and_chooses_nothing_and_the_last_horizon_before_it_chooses() -> None:
    split, drawn = competition.OfficialSplit(6), []
    for test in (0.0, 1e6):
        panel = competition.panel_of(one_set(test))
        assert [each.name for each in panel.series] == ["T0", "T1", "T2"]
        chosen = chosen_by(panel, split)
        assert set(chosen.at) <= set(range(54, 60))
        assert np.nanmax(chosen.truth) < 10.0
        (first,) = set(origins(panel, split, "validation", 3).at.tolist())
        assert first == 54
        drawn.append(excerpts(panel, split, 12, 512, again=True).draw(np.random.default_rng(0)))
        assert set(holdout(panel, split).truth[:, 0]) == {test}
    assert all(np.array_equal(one, other) for one, other in zip(*drawn, strict=True))


@pytest.mark.tensorflow
@pytest.mark.system
@pytest.mark.usefixtures("jobs_in_this_process")
def test_one_command_trains_chooses_writes_and_judges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.series import published, ways

    monkeypatch.setattr(published, "recipe_of", lambda start: SMALL[start.cell])
    monkeypatch.setattr(published, "network_of", untrained)
    monkeypatch.setattr(ways, "EXERCISES", 2)
    monkeypatch.setattr(ways, "STRENGTHS", (1e-2,))
    scores = tmp_path / "scores.json"
    asked = ["competition", "--data", str(tmp_path), "--sets", "m3_monthly", "--cells", "gru", "--steps", "2"]
    asked += ["--out", str(tmp_path / "runs"), "--scores", str(scores)]
    json_lines(tmp_path)
    assert main(asked) == 0
    (found,) = competition.results(scores)
    assert found.score.dataset == "m3_monthly"
    assert found.score.series == found.score.of == 1
    assert min(found.validation.values()) <= found.validation["untouched"]
    said = capsys.readouterr().out
    assert f"{found.score.mase:.3f} / {found.score.smape:.2f}" in said
    assert "/ 13.11" in tables.competitions([found])
    card = read_folder(tmp_path / "runs" / "m3_monthly" / "models" / "m3-monthly-general" / "1").card
    assert card.reading.model_dump()["season"] == 12
    assert card.judged is not None
    kept = (tmp_path / "runs" / "m3_monthly" / "series-gru-0.npz").stat().st_mtime_ns
    assert main(asked) == 0  # goes on from what is kept
    assert (tmp_path / "runs" / "m3_monthly" / "series-gru-0.npz").stat().st_mtime_ns == kept
    assert competition.results(scores)[0].score.mase == found.score.mase
