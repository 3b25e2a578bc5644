"""Whether a difference is more than chance: right as often as is said, on errors that hang together."""

from __future__ import annotations

import numpy as np
import pytest

from service.arrays import Floats
from training.series.chance import difference
from training.series.measures import mase, origin_errors
from training.series.splits import Origins

HORIZON = 6


def origins_of(series: int, each: int, spacing: int = 1) -> Origins:
    places = np.repeat(np.arange(series), each)
    at = np.tile(np.arange(each) * spacing, series)
    return Origins(places, at, np.zeros((len(at), HORIZON)))


def overlapping(rng: np.random.Generator, origins: Origins) -> Floats:
    """Errors of which neighbours share most, as forecasts over a horizon do: moving averages of noise."""
    each = int((origins.series == 0).sum())
    rows = [np.convolve(rng.standard_normal(each + HORIZON - 1), np.ones(HORIZON) / HORIZON, "valid") for _ in
            range(int(origins.series.max()) + 1)]  # fmt: skip
    return np.concatenate(rows)


@pytest.mark.parametrize(
    "origins", [origins_of(1, 240), origins_of(5, 60), origins_of(40, 12)], ids=["one", "few", "many"]
)
def test_what_is_chance_is_seldom_called_more_and_what_is_more_is_found(origins: Origins) -> None:
    rng, trials = np.random.default_rng(0), 200
    sure, found, inside = 0, 0, 0
    for _ in range(trials):
        mine, other = overlapping(rng, origins), overlapping(rng, origins)
        alike, better = (difference(mine, other + more, origins, HORIZON) for more in (0.0, 0.8))
        sure += alike.sure
        found += better.sure and better.lower > 0.0
        inside += better.least <= 0.8 <= better.most
    assert sure <= 0.13 * trials
    assert inside >= 0.87 * trials
    assert found >= 0.95 * trials


def test_errors_that_hang_together_are_not_counted_as_many() -> None:
    """Taken one by one, neighbouring origins would make almost anything certain."""
    origins = origins_of(1, 120)
    apart = np.repeat([1.0, -1.0, 1.0, 1.0, 1.0], 24)
    assert not difference(np.zeros(120), apart, origins, 24).sure


def test_few_origins_say_nothing_and_say_so() -> None:
    found = difference(np.zeros(20), np.ones(20), origins_of(1, 20), HORIZON)
    assert not found.sure
    assert np.isnan(found.least)
    assert found.in_words("x", "AR").endswith("there are too few of them to tell that from chance.")


def test_sentences_say_which_way_and_whether_it_is_sure() -> None:
    origins = origins_of(30, 4)
    mine, other = np.full(120, 0.5), np.full(120, 0.75)
    assert difference(mine, other, origins, HORIZON).in_words("x", "AR") == (
        "Against AR the MASE of x is 0.250 lower over the origins of the hold-out "
        "(95 % of bootstrap resamples from 0.250 to 0.250): more than chance."
    )
    worse = difference(other, mine, origins, HORIZON)
    assert "0.250 higher" in worse.in_words("x", "AR")
    assert worse.sure


def test_origins_add_up_to_the_error_that_tables_show() -> None:
    """Where the last origins have fewer truths too, and where a series has no unit."""
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((9, 3))
    truth[6, 2] = truth[7, 1:] = np.nan
    origins = Origins(np.array([0] * 8 + [1]), np.arange(9), truth)
    scale, values = np.array([2.0, np.nan]), rng.standard_normal((9, 3))
    errors = origin_errors(values, origins, scale)
    assert errors[8] == 0.0
    assert errors.mean() == pytest.approx(mase(values, origins, scale))
    apart = difference(errors, origin_errors(np.zeros((9, 3)), origins, scale), origins, 3)
    assert apart.lower == pytest.approx(mase(np.zeros((9, 3)), origins, scale) - errors.mean())
