"""Members: each as if trained alone, kept whole, and learning what there is to learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.series.conftest import MakePanel
from training.series.candidates import Candidate, recipe_of
from training.series.panel import SeriesError
from training.series.splits import Split

pytestmark = pytest.mark.tensorflow
CANDIDATE, SPLIT = Candidate("gru", 4, 16, 0), Split(3)


def test_a_member_is_trained_as_if_it_were_alone_and_a_team_is_kept_whole(panel_of: MakePanel, tmp_path: Path) -> None:
    from training.progress import Progress
    from training.series.fitting import Team, fit

    panel = panel_of(np.sin(0.5 * np.arange(160.0)) + 0.1 * np.random.default_rng(0).standard_normal(160))
    recipe = recipe_of("x", CANDIDATE, panel, SPLIT, steps=75)
    told: list[Progress] = []
    both = fit(recipe, CANDIDATE, [0, 1], panel, SPLIT, None, told.append)
    alone = fit(recipe, CANDIDATE, [1], panel, SPLIT, None)
    # The second member is the lower right part of every block; the head is halved by the mean of two.
    np.testing.assert_array_equal(both.weights[3][4:], alone.weights[3] / 2)
    np.testing.assert_array_equal(both.weights[1][4:, 4:8], alone.weights[1][:, :4])
    assert both.scores[1] == alone.scores[0] == alone.score
    assert both.updates[1] == alone.updates[0]
    assert told[-1].done == told[-1].total == 150
    both.save(tmp_path / "team.npz")
    again = Team.load(tmp_path / "team.npz")
    assert (again.score, again.scores, again.updates, again.losses) == (
        both.score, both.scores, both.updates, both.losses
    )  # fmt: skip
    for one, other in zip(again.weights, both.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert [path.name for path in tmp_path.iterdir()] == ["team.npz"]
    assert both.losses[-1] < both.losses[0]


def test_a_network_whose_forecasts_are_never_finite_is_refused(
    panel_of: MakePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.series import fitting

    panel = panel_of(np.sin(0.5 * np.arange(160.0)))
    monkeypatch.setattr(fitting, "validation", lambda *_: lambda _: float("nan"))
    recipe = recipe_of("x", CANDIDATE, panel, SPLIT, steps=25)
    with pytest.raises(SeriesError, match="gru-4x16-0 did not learn"):
        fitting.fit(recipe, CANDIDATE, [0], panel, SPLIT, None)
