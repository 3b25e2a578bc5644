"""Answers of the general reading, with an untrained network: what holds whatever the weights are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.inference.batch import Batch
from service.inference.padding import batches
from service.inference.readings.general.answering import Series, quantiles
from service.inference.readings.general.forecasting import View, forecasts
from service.inference.readings.general.network import GeneralNetwork
from service.inference.readings.general.reading import General
from tests.training.general.small import SMALL

pytestmark = pytest.mark.tensorflow

Floats = Any


@pytest.fixture(scope="module", params=SMALL)
def network(request: pytest.FixtureRequest) -> GeneralNetwork:
    from training.general import graph
    from training.general import network as networks

    shape = SMALL[request.param].shape
    model = networks.build(shape, "general")
    rng = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(0.4 * rng.standard_normal(weight.shape))
    return GeneralNetwork(graph.to_onnx(model, shape))


@pytest.fixture
def reading() -> General:
    return General(quantiles=SMALL["gru"].shape.quantiles, context=64)


def asked(network: GeneralNetwork, rows: list[Floats], season: int = 1, horizon: int = 5) -> Floats:
    lengths = np.array([len(row) for row in rows])
    table = np.full((len(rows), int(lengths.max())), np.nan)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row
    seasons = np.full(len(rows), season)
    series = Series(table, lengths, seasons, seasons * 0)
    return quantiles(network, series, lengths[:, None] - 1, np.arange(1, horizon + 1))[:, 0]


def walk(seed: int, steps: int = 40) -> Floats:
    return np.cumsum(np.random.default_rng(seed).standard_normal(steps))


@pytest.mark.parametrize(("scale", "offset"), [(1e-6, 0.0), (1e8, 0.0), (3.0, 1e3), (1.0, -50.0)])
def test_without_logarithms_an_answer_moves_with_offset_and_unit(
    network: GeneralNetwork, scale: float, offset: float
) -> None:
    values = walk(0) - 20.0
    plain, moved = asked(network, [values])[0], asked(network, [scale * values + offset])[0]
    span = np.ptp(values)
    floor = np.maximum if (scale * values + offset).min() >= 0.0 else lambda found, _: found
    assert (moved - offset) / scale == pytest.approx(
        floor(plain * scale + offset, 0.0) / scale - offset / scale, abs=1e-6 * span * 100
    )


@pytest.mark.parametrize("scale", [1e-6, 7.0, 1e9])
def test_with_logarithms_an_answer_moves_with_the_unit(network: GeneralNetwork, scale: float) -> None:
    values = np.exp(0.1 * walk(1))
    plain, moved = asked(network, [values], season=4)[0], asked(network, [scale * values], season=4)[0]
    assert moved / scale == pytest.approx(plain, rel=1e-4)


def test_the_answer_to_the_mirror_image_is_the_mirror_image(network: GeneralNetwork) -> None:
    values = walk(2) * 3.0
    assert asked(network, [-values])[0] == pytest.approx(-asked(network, [values])[0][:, ::-1], abs=1e-9)


@pytest.mark.parametrize("season", [1, 4, 24])
@pytest.mark.parametrize(
    "values",
    [
        [7.0] * 20,
        [3.0, 5.0],
        [4.0],
        [1e300, -1e300] * 20,
        [1e-300, 3e-300] * 9,
        [np.nan] * 6,
        [np.nan, 4.0, np.nan, 5.0, 4.0, np.nan],
        [0.0, 1.0, 0.0, 0.0, 3.0] * 8,
        [1e-200, 1e200] * 8,
    ],
    ids=["constant", "two", "one", "huge", "tiny", "gaps alone", "gaps", "counts", "wide"],
)
def test_every_series_has_an_ordered_finite_answer(network: GeneralNetwork, values: list[float], season: int) -> None:
    found = asked(network, [np.array(values)], season)[0]
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=-1) >= 0.0).all()


def test_what_never_changed_is_answered_with_itself(network: GeneralNetwork) -> None:
    assert asked(network, [np.full(20, 7.25)], 4) == pytest.approx(7.25, abs=1e-12)
    assert asked(network, [np.array([-3.0])])[0].tolist() == [[-3.0] * 3] * 5


def test_what_was_never_negative_is_not_forecast_so(network: GeneralNetwork) -> None:
    values = np.maximum(walk(3), 0.0)
    assert values.min() == 0.0
    assert asked(network, [values]).min() >= 0.0


def test_alone_and_among_others_the_answer_is_the_same_to_the_bit(network: GeneralNetwork) -> None:
    rows = [walk(seed, steps) for seed, steps in ((4, 40), (5, 12), (6, 40), (7, 2))]
    together = asked(network, rows, season=4)
    for place, row in enumerate(rows):
        assert np.array_equal(asked(network, [row], season=4)[0], together[place])


def test_a_past_origin_knows_nothing_of_what_came_after(network: GeneralNetwork) -> None:
    values = walk(8)
    one = np.array([1])
    series = Series(values[None], np.array([40]), one * 4, one * 0)
    past = quantiles(network, series, np.array([[19, 39]]), np.arange(1, 4))[0, 0]
    assert past == pytest.approx(asked(network, [values[:20]], 4, 3)[0], rel=1e-6, abs=1e-6)


def ends(rows: list[Floats], season: int) -> tuple[Floats, Any, View]:
    """A table of ``rows``, their lengths, and the view from the end of each."""
    lengths = np.array([len(row) for row in rows])
    table = np.full((len(rows), int(lengths.max())), np.nan)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row
    return table, lengths, View([(season,)] * len(rows), lengths, lengths[:, None] - 1)


def test_a_mixed_answer_is_ordered_and_finite_for_every_length(network: GeneralNetwork) -> None:
    rows = [walk(seed, steps) for seed, steps in enumerate((2, 5, 13, 36, 120))]
    levels = np.array(SMALL["gru"].shape.quantiles)
    table, lengths, view = ends(rows, 12)
    (found,) = forecasts(network, levels, table, lengths, [view], 6)
    assert found.quantiles.shape == (5, 1, 6, 3)
    assert np.isfinite(found.quantiles).all()
    assert (np.diff(found.quantiles, axis=-1) >= 0.0).all()
    assert found.networks.sum(axis=1) + found.rules.sum(axis=1) == pytest.approx(np.ones(5))
    table, lengths, view = ends(rows[3:4], 12)
    (alone,) = forecasts(network, levels, table, lengths, [view], 6)
    assert np.array_equal(alone.quantiles[0], found.quantiles[3])


def test_what_is_mixed_for_the_past_knows_nothing_of_what_came_after(network: GeneralNetwork) -> None:
    values, levels = np.exp(0.1 * walk(3, 120)), np.array(SMALL["gru"].shape.quantiles)
    changed = np.concatenate((values[:60], values[60:] * 5.0))
    past = View([(12,)], np.array([60]), np.array([[59, 70]]))
    found = []
    for each in (values, changed):
        table, lengths, view = ends([each], 4)
        found.append(forecasts(network, levels, table, lengths, [view, past], 6)[1])
    assert np.array_equal(found[0].quantiles[:, 0], found[1].quantiles[:, 0])
    assert np.array_equal(found[0].networks, found[1].networks)
    assert not np.array_equal(found[0].quantiles[:, 1], found[1].quantiles[:, 1])
    table, lengths, view = ends([values[:60]], 12)
    (alone,) = forecasts(network, levels, table, lengths, [view], 6)
    assert found[0].quantiles[0, 0] == pytest.approx(alone.quantiles[0, 0], rel=1e-6, abs=1e-6)


def test_of_a_series_that_was_never_negative_no_quantile_is(network: GeneralNetwork) -> None:
    values = np.maximum(walk(5, 60), 0.0)
    table, lengths, view = ends([values], 4)
    (found,) = forecasts(network, np.array(SMALL["gru"].shape.quantiles), table, lengths, [view], 8)
    assert found.quantiles.min() == 0.0


def test_the_reading_says_at_every_step_what_was_known_then(network: GeneralNetwork, reading: General) -> None:
    values = walk(9, 30)
    read = reading.read(network, one_batch(values), 14).predictions[:, 0]
    assert read[-1] == pytest.approx(reading.answer(network, one_batch(values))[0][0], rel=1e-9)
    assert read[0] == pytest.approx(reading.answer(network, one_batch(values[:15]))[0][0], rel=1e-6, abs=1e-6)
    changed = reading.read(network, one_batch(np.append(values[:20], values[20:] + 9.0)), 14).predictions[:, 0]
    assert np.array_equal(read[:6], changed[:6])
    assert not np.array_equal(read[6:], changed[6:])


def test_the_reading_forecasts_the_median_and_reads_no_more_than_its_context(
    network: GeneralNetwork, reading: General
) -> None:
    values = walk(10, 100)
    forecast = reading.forecast(network, one_batch(values), 5)
    assert forecast.shape == (1, 5)
    assert np.array_equal(forecast, reading.forecast(network, one_batch(values[-64:]), 5))
    found = reading.foretold(network, one_batch(values), np.array([[40], [60]], np.int32), 5)
    foretold = found.ahead.values
    assert foretold.shape == (2, 5)
    assert foretold[0] == pytest.approx(reading.forecast(network, one_batch(values[:40]), 5)[0], rel=1e-6, abs=1e-6)
    assert np.array_equal(reading.ahead(network, one_batch(values), np.empty(0), found.state, 5).values, forecast)
    answered = reading.answer(network, one_batch(values))
    assert np.array_equal(reading.ahead(network, one_batch(values), *answered, 5).values, forecast)


def test_intervals_hold_the_median_and_wider_ones_hold_narrower_ones(network: GeneralNetwork, reading: General) -> None:
    batch = one_batch(walk(11))
    ahead = reading.ahead(network, batch, *reading.answer(network, batch), 4)
    assert ahead.fan is not None
    assert ahead.fan.reasons == [None]
    lower, upper = ahead.fan.bounds([50.0, 80.0, 99.9])
    assert (np.diff(lower, axis=0) <= 0.0).all()
    assert (np.diff(upper, axis=0) >= 0.0).all()
    assert (lower[0] <= ahead.values).all()
    assert (ahead.values <= upper[0]).all()
    known = ahead.fan.quantiles([0.1, 0.5, 0.9])
    assert np.array_equal(known[1], ahead.values)
    assert known[0] == pytest.approx(lower[1])
    assert known[2] == pytest.approx(upper[1])


def one_batch(values: Floats) -> Batch:
    return next(batches([values.tolist()]))


def test_a_model_of_a_season_of_its_own_answers_as_if_it_were_told(network: GeneralNetwork, reading: General) -> None:
    values = [[*walk(5)], [*walk(6, 33)]]
    own = reading.model_copy(update={"season": 7})
    for horizon in (1, 9):
        (plain,), (told,) = (list(batches(values, each)) for each in ((), (7,)))
        found, expected = (
            one.ahead(network, batch, *one.answer(network, batch), horizon)
            for one, batch in ((own, plain), (reading, told))
        )
        assert np.array_equal(found.values, expected.values)
        assert found.seasons == expected.seasons
        assert found.seasons[0].steps == [7]
        assert found.seasons[0].told
    (other,) = batches(values, (5,))
    assert own.ahead(network, other, *own.answer(network, other), 3).seasons[0].steps == [5]
    assert General.model_validate(own.spec()) == own
    assert "season" not in reading.spec()
