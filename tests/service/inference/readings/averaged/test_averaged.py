"""A general network averaged with an autoregression, as it is served from a folder."""

from __future__ import annotations

import numpy as np
import pytest

from service.errors import ModelRejected
from service.folders import read_folder
from service.inference.batch import Batch
from service.inference.catalog import load
from service.inference.model import Model
from service.inference.padding import batches
from service.inference.readings import reading_of
from service.inference.readings.averaged.autoregression import Manner, quantiles
from service.inference.readings.averaged.reading import Averaged
from service.inference.readings.general.reading import General
from tests.conftest import MODELS

MANNER, SHARE = Manner(lags=12, harmonics=2, ridge=1.0), 0.4
STEP = np.arange(90.0)
SERIES = 30.0 + 6.0 * np.sin(2.0 * np.pi * STEP / 12.0) + np.random.default_rng(4).standard_normal(90)


@pytest.fixture(scope="module")
def model() -> Model:
    return load(read_folder(MODELS / "series-gru" / "1"))


@pytest.fixture(scope="module")
def plain(model: Model) -> General:
    assert isinstance(model.reading, General)
    return model.reading


@pytest.fixture(scope="module")
def averaged(plain: General) -> Averaged:
    return Averaged.of(plain.model_copy(update={"season": 12}), SHARE, MANNER)


def batch_of(*rows: np.ndarray, told: tuple[int, ...] = (12,)) -> Batch:
    (batch,) = batches([[None if np.isnan(x) else x for x in row.tolist()] for row in rows], told)
    return batch


def test_every_quantile_is_the_mean_of_both_weighted(model: Model, plain: General, averaged: Averaged) -> None:
    batch, levels = batch_of(SERIES), np.array(plain.quantiles)
    network = plain.continued(model.network, batch, 12).fan
    own = quantiles(SERIES[None], np.array([[89]]), np.array([12]), 12, levels, MANNER, plain.context)[0, 0]
    found = averaged.continued(model.network, batch, 12)
    assert found.fan is not None
    assert network is not None
    np.testing.assert_allclose(found.fan.values[:, 0].T, (1 - SHARE) * network.values[:, 0].T + SHARE * own)
    np.testing.assert_array_equal(found.values[0], found.fan.values[plain.median, 0])


def test_the_past_is_forecast_from_what_came_before_each_origin(
    model: Model, plain: General, averaged: Averaged
) -> None:
    origins, batch = np.array([[60], [75]], np.int32), batch_of(SERIES)
    one, other = (each.foretold(model.network, batch, origins, 5).ahead.values for each in (plain, averaged))
    for place, at in enumerate((60, 75)):
        ends, seasons = np.array([[at - 1]]), np.array([12])
        own = quantiles(SERIES[None, :at], ends, seasons, 5, np.array([0.5]), MANNER, 512)[0, 0, :, 0]
        np.testing.assert_allclose(other[place], (1 - SHARE) * one[place] + SHARE * own)


def test_next_values_and_history_have_the_average_too(model: Model, plain: General, averaged: Averaged) -> None:
    batch, levels = batch_of(SERIES), np.array([0.5])
    own = quantiles(SERIES[None], np.arange(40, 90)[None], np.array([12]), 1, levels, MANNER, 512)[0, :, 0, 0]
    for ask in ("history", "read"):
        one, other = (getattr(each, ask)(model.network, batch)[0].reshape(-1)[40:90] for each in (plain, averaged))
        np.testing.assert_allclose(other, (1 - SHARE) * one + SHARE * own)


def test_what_is_short_the_network_answers_alone(model: Model, plain: General, averaged: Averaged) -> None:
    batch = batch_of(SERIES[:10])
    one, other = (each.continued(model.network, batch, 4).values for each in (plain, averaged))
    np.testing.assert_array_equal(one, other)


def test_what_was_never_negative_stays_so(model: Model, averaged: Averaged) -> None:
    fading = np.maximum(0.0, 20.0 - 0.3 * STEP + np.random.default_rng(0).standard_normal(90))
    found = averaged.continued(model.network, batch_of(fading, told=()), 40)
    assert found.fan is not None
    assert found.fan.values.min() >= 0.0


def test_a_season_that_is_only_found_is_not_for_the_autoregression(model: Model, plain: General) -> None:
    batch, reading = batch_of(SERIES, told=()), Averaged.of(plain, 1.0, MANNER)
    own = quantiles(SERIES[None], np.array([[89]]), np.array([1]), 6, np.array([0.5]), MANNER, 512)[0, 0, :, 0]
    np.testing.assert_allclose(reading.continued(model.network, batch, 6).values[0], own)


def test_gaps_are_read(model: Model, averaged: Averaged) -> None:
    gapped = SERIES.copy()
    gapped[[30, 31, 70]] = np.nan
    found, whole = (averaged.continued(model.network, batch_of(row), 6).values[0] for row in (gapped, SERIES))
    np.testing.assert_allclose(found, whole, atol=2.0)


def test_a_card_brings_it_back_and_one_that_is_wrong_is_refused(model: Model, averaged: Averaged) -> None:
    card = model.card.model_copy(update={"reading": model.card.reading.model_validate(averaged.spec())})
    assert reading_of(card) == averaged
    wrong = {**averaged.spec(), "share": 1.5}
    with pytest.raises(ModelRejected, match="share"):
        reading_of(model.card.model_copy(update={"reading": model.card.reading.model_validate(wrong)}))
