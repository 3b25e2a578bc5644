"""Four stretches that never overlap, and origins that never see what they predict."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.series.conftest import MakePanel
from training.series.panel import OwnSeries, Panel, SeriesError
from training.series.splits import Split, default_horizon, origins


@pytest.mark.parametrize(
    ("count", "horizon", "holdout"), [(100, 5, 0.2), (309, 12, 0.2), (2284, 52, 0.1), (10_000, 1, 0.4)]
)
def test_the_stretches_follow_one_another_and_fill_the_series(count: int, horizon: int, holdout: float) -> None:
    split = Split(horizon, holdout)
    parts = [split.bounds(stretch, count) for stretch in ("validation", "calibration", "holdout")]
    assert parts[0][0] == split.ends(count)[0] >= horizon
    assert [end for _, end in parts[:-1]] == [first for first, _ in parts[1:]]
    assert parts[-1][1] == count
    assert count - parts[-1][0] >= holdout * count - 1


def test_the_shortest_series_that_is_asked_for_can_be_split() -> None:
    for horizon in (1, 5, 12, 52):
        split = Split(horizon)
        assert split.ends(split.shortest)[0] >= horizon + 24
        assert split.ends(split.shortest - 1)[0] < horizon + 24


def test_the_default_horizon_fits_short_series() -> None:
    assert [default_horizon([count]) for count in (10, 100, 309, 10_000)] == [1, 5, 12, 12]


def test_an_origin_reads_what_precedes_it_and_is_scored_inside_its_stretch(panel_of: MakePanel) -> None:
    panel, split = panel_of(np.arange(100.0)), Split(5)
    found = origins(panel, split, "validation", 1_000)
    first, last = split.bounds("validation", 100)
    assert found.at.tolist() == list(range(first, last))
    values, lengths = found.contexts(panel, 7)
    assert lengths.tolist() == 7 * np.ones(len(found.at)).astype(int).tolist() or set(lengths) == {7}
    np.testing.assert_array_equal(values[:, -1], found.at - 1)
    np.testing.assert_array_equal(found.truth[0], np.arange(first, first + 5))
    assert np.isnan(found.truth[-1, 1:]).all()
    assert np.nanmax(found.truth) == last - 1


def test_a_short_past_is_padded_with_its_last_value(panel_of: MakePanel) -> None:
    panel = panel_of(np.arange(100.0), np.arange(60.0))
    found = origins(panel, Split(2), "validation", 1_000)
    values, lengths = found.contexts(panel, 50)
    short = int(np.argmin(lengths))
    assert lengths[short] < 50
    assert set(values[short, lengths[short] :]) == {values[short, lengths[short] - 1]}


def test_what_was_filled_in_is_never_a_truth_and_no_forecast_starts_from_it() -> None:
    filled = np.zeros(100, bool)
    filled[85] = True
    found = origins(Panel((OwnSeries("x", np.arange(100.0), filled),), ()), Split(3), "holdout", 1_000)
    assert 86 not in found.at
    assert 85.0 not in found.truth
    assert 84.0 in found.truth


def test_origins_are_spread_over_series_and_places(panel_of: MakePanel) -> None:
    panel = panel_of(*(np.arange(100.0) for _ in range(20)))
    found = origins(panel, Split(2), "holdout", 40, most_series=10)
    assert len(set(found.series)) == 10
    assert len(found.at) == 40
    assert {0, 19} <= set(found.series.tolist())


def test_a_stretch_without_a_truth_at_the_last_step_is_refused() -> None:
    filled = np.zeros(60, bool)
    filled[37:48] = True
    with pytest.raises(SeriesError, match="choose a smaller --horizon"):
        origins(Panel((OwnSeries("x", np.arange(60.0), filled),), ()), Split(5), "calibration", 100)
