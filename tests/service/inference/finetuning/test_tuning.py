"""A correction is kept where values that taught it nothing say that it helps, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from service.errors import InvalidInput
from service.folders import read_folder
from service.inference.finetuning.tuning import Tuned, tuned
from service.inference.readings import reading_of
from service.inference.readings.general.reading import General
from tests.conftest import MODELS

STEP = np.arange(130)
NOISE = np.random.default_rng(3).standard_normal((4, 130))
SERIES = [
    20.0 + place + 6.0 * np.sin(2.0 * np.pi * STEP / 12) - 15.0 * (STEP % 12 == 7) + 0.3 * noise
    for place, noise in enumerate(NOISE)
]
FOLDER = read_folder(MODELS / "series-gru" / "1")


def made(series: list[np.ndarray], season: int) -> Tuned:
    reading = reading_of(FOLDER.card)
    assert isinstance(reading, General)
    return tuned(FOLDER.onnx, reading, series, season)


@pytest.fixture(scope="module")
def found() -> Tuned:
    return made(SERIES, 12)


def test_what_repeats_otherwise_than_made_up_series_is_learnt_and_the_same_each_time(found: Tuned) -> None:
    assert found.strength is not None
    assert found.model != FOLDER.onnx
    assert found.after.mae < found.before.mae
    assert (found.horizon, found.origins, found.series) == (12, 32, 4)
    assert made(SERIES, 12) == found
    for factor, offset in ((1000.0, -5.0), (1e-12, 0.0)):
        scaled = made([factor * each + offset for each in SERIES], 12)
        assert scaled.after.mae == pytest.approx(found.after.mae, rel=1e-3)


def test_where_there_is_nothing_to_learn_the_network_stays_as_it_is() -> None:
    walk = np.cumsum(np.random.default_rng(5).standard_normal(60))
    found = made([walk], 1)
    assert found.strength is None
    assert found.model == FOLDER.onnx


def test_errors_are_of_the_last_stretch_which_no_correction_was_solved_on(found: Tuned) -> None:
    other = [each.copy() for each in SERIES]
    for each in other:
        each[-26:] = each[-52:-26][::-1]  # a fifth
    assert made(other, 12).before.mae > 2.0 * found.before.mae
    naive = made([np.tile([1.0, 5.0, 2.0, 8.0], 30)], 4)
    assert naive.naive.mae == 0.0


def test_gaps_count_for_nothing_and_short_or_still_series_are_left_out() -> None:
    gapped = [each.copy() for each in SERIES]
    gapped[0][[3, 40, 41, 125]] = np.nan
    found = made([*gapped, np.full(90, 3.0), np.array([1.0, 2.0]), np.full(50, np.nan)], 12)
    assert found.series == 4
    assert np.isfinite([*found.before, *found.after, *found.naive]).all()
    for series in ([np.full(90, 3.0)], [np.arange(15.0)], [np.full(50, np.nan)]):
        with pytest.raises(InvalidInput, match="at least 20 values that move"):
            made(series, 12)


def test_numbers_of_any_size_that_can_be_computed_with_are_taken_and_no_others() -> None:
    wave = np.tile([1.0, -1.0, 0.5, 0.0], 20)
    for size in (1e299, 1e-300):
        assert np.isfinite(made([size * wave], 4).after).all()
    with np.errstate(over="ignore"):
        leap = made([np.concatenate((1e-200 * wave, [1e200]))], 4)
    assert np.isfinite([*leap.before, *leap.naive]).all()
    with pytest.raises(InvalidInput, match="too large"):
        made([1e308 * wave], 4)
    with pytest.raises(InvalidInput, match="a ten-millionth of their size"):
        made([1.0 + 1e-12 * wave], 4)
