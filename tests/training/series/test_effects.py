"""Effects of covariates on own series: those that are there are found, those that are not are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.arrays import Floats
from service.folders import read_folder
from service.inference.readings.covariates.calendar import Every
from service.inference.readings.general.reading import General
from tests.conftest import MODELS
from training.series import regression
from training.series.contributions import brought
from training.series.covariates import prepared
from training.series.effects import Manner, fitted, left_of
from training.series.panel import OwnSeries, Panel, Wanted
from training.series.splits import Split

SPLIT, SEASON = Split(4), 7
ALL = Wanted(("price", "promo", "noise"), (), ("shop",), (), ("weekday",))


def wandering(rng: np.random.Generator, count: int) -> Floats:
    steps, found = rng.standard_normal(count), np.zeros(count)
    for place in range(1, count):
        found[place] = 0.95 * found[place - 1] + steps[place]
    return found


def sales(shop: str, seed: int, count: int = 300) -> OwnSeries:
    """A wandering level, 2 less for each unit of price, a promotion that works twice as well in the south, Sundays."""
    rng = np.random.default_rng(seed)
    price, promo = rng.uniform(1.0, 3.0, count), rng.random(count) < 0.2
    lift = np.where(promo, 8.0 if shop == "south" else 4.0, 0.0) + 5.0 * (np.arange(count) % 7 == 6)
    columns: dict[str, Any] = {
        "price": price,
        "promo": np.where(promo, "yes", "no").astype(object),
        "noise": rng.standard_normal(count),
        "shop": np.full(count, shop, object),
    }
    values = 100.0 + wandering(rng, count) - 2.0 * price + lift
    return OwnSeries(f"{shop}{seed}", values, np.zeros(count, bool), columns, np.datetime64("2024-01-01", "s"))


def panel(*shops: str, wanted: Wanted = ALL) -> Panel:
    series = tuple(sales(shop, seed) for seed, shop in enumerate(shops))
    return prepared(Panel(series, (), every=Every(count=86_400, unit="seconds")), wanted)


def test_effects_are_found_under_a_level_that_wanders() -> None:
    made = panel("north", wanted=Wanted(("price", "promo", "noise"), calendar=("weekday",)))
    for curved in (False, True):
        found = fitted(made, SPLIT, SEASON, Manner("added", curved, 1e-4))
        assert found.unit is not None
        price, promo, noise = (each.effect(_ends(each), []) for each in found.known)
        assert np.ptp(price) * found.unit == pytest.approx(4.0, abs=0.4)
        assert price[0] > price[-1]
        assert (promo[1] - promo[0]) * found.unit == pytest.approx(4.0, abs=0.4)
        assert np.ptp(noise) * found.unit < 0.5
        (weekday,) = found.calendar
        assert (weekday.adds[6] - np.mean(weekday.adds[:6])) * found.unit == pytest.approx(5.0, abs=0.5)


def _ends(each: Any) -> Floats:
    return np.array([0.0, 1.0]) if each.kind == "category" else np.array([each.at[0], each.at[-1]])


def test_a_static_covariate_says_where_a_promotion_works_better() -> None:
    made = panel("north", "south", "north", "south")
    found = fitted(made, SPLIT, SEASON, Manner("added", curved=False, strength=1e-4))
    assert found.unit is None
    promo = next(each for each in found.known if each.name == "promo")
    unit = np.mean([np.abs(np.diff(each.values)).mean() for each in made.series])
    for shop, lift in (("north", 4.0), ("south", 8.0)):
        weights = [float(share.category == shop) for share in promo.by]
        no, yes = promo.effect(np.array([0.0, 1.0]), weights)
        assert (yes - no) * unit == pytest.approx(lift, rel=0.25)


def test_factors_are_found_and_what_is_left_has_them_no_more() -> None:
    rng = np.random.default_rng(0)
    promo = rng.random(300) < 0.3
    level = 50.0 * np.exp(0.1 * wandering(rng, 300))
    columns = {"promo": np.where(promo, "yes", "no").astype(object)}
    series = OwnSeries("x", np.where(promo, 2.0, 1.0) * level, np.zeros(300, bool), columns)
    made = prepared(Panel((series,), ()), Wanted(("promo",)))
    found = fitted(made, SPLIT, None, Manner("multiplied", curved=False, strength=1e-4))
    no, yes = found.known[0].adds
    assert np.exp(yes - no) == pytest.approx(2.0, rel=0.05)
    left = left_of(made, found, SPLIT).series[0].values / level
    assert left == pytest.approx(np.full(300, left.mean()), rel=0.1)


def test_the_stronger_the_ridge_the_smaller_the_effects() -> None:
    made = panel("north")
    spans = [
        sum(np.ptp(each.adds) for each in fitted(made, SPLIT, SEASON, Manner("added", True, strength)).known)
        for strength in (1e-4, 1.0, 1e2, 1e6)
    ]
    assert spans == sorted(spans, reverse=True)
    assert spans[-1] < 1e-3 * spans[0]


def test_filled_values_teach_nothing() -> None:
    made = panel("north")
    (series,) = made.series
    values = series.values.copy()
    values[40:60] = 1e6
    filled = np.zeros(len(values), bool)
    filled[40:60] = True
    other = Panel(
        (OwnSeries("x", values, filled, series.columns, series.start),),
        (),
        every=made.every,
        covariates=made.covariates,
    )
    plain = fitted(made, SPLIT, SEASON, Manner("multiplied", curved=False, strength=1e-3))
    found = fitted(other, SPLIT, SEASON, Manner("multiplied", curved=False, strength=1e-3))
    for one, each in zip(plain.known[:2], found.known, strict=False):
        assert np.ptp(each.adds) == pytest.approx(np.ptp(one.adds), rel=0.3)


@pytest.fixture(scope="module")
def general() -> tuple[General, Any]:
    """The published general model: how it reads, and its network."""
    folder = read_folder(MODELS / "series-gru" / "1")
    reading = General.model_validate(folder.card.reading.model_dump()).model_copy(update={"season": SEASON})
    return reading, reading.load(folder.onnx)


@pytest.mark.system  # half a minute
def test_what_serves_the_network_best_is_chosen_and_each_covariate_is_weighed(
    general: tuple[General, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.series import contributions, stepwise, validating

    for module, name in ((validating, "_ONE"), (stepwise, "_MOST"), (contributions, "_MOST")):
        monkeypatch.setattr(module, name, 40)
    monkeypatch.setattr(regression, "STRENGTHS", (1e-2, 1e3))
    monkeypatch.setattr(regression, "STEPWISE", (1.0,))
    reading, network = general
    rng = np.random.default_rng(3)
    # What visitors there were tells what is sold in the three steps after.
    series, visits = sales("north", 0), rng.standard_normal(300)
    later = sum(2.0 * np.roll(visits, lag) for lag in (1, 2, 3))
    values = series.values + np.where(np.arange(300) < 3, 0.0, later)
    columns = {**series.columns, "visits": visits}
    whole = OwnSeries("x", values, series.filled, columns, series.start)
    made = prepared(
        Panel((whole,), (), every=Every(count=86_400, unit="seconds")),
        Wanted(("promo", "noise"), ("visits",), calendar=("weekday",)),
    )
    found = regression.search(reading, network, made, SPLIT, SEASON)
    assert found.ridge == 1.0
    assert found.manner.strength == 1e-2
    assert (
        found.tried[f"{found.manner.form}, straight, ridge 0.01"]
        < found.tried[f"{found.manner.form}, straight, ridge 1000"]
    )
    (past,) = found.trained.past
    assert past.steps[0][0] > 0.0
    told = {
        each.name: each
        for each in brought(reading, network, found.again, made, SPLIT, SEASON, found.manner, found.ridge)
    }
    assert [*told] == ["promo", "noise", "visits", "weekday"]
    for name in ("promo", "visits"):
        assert told[name].with_it < 0.97 * told[name].without, name
        assert told[name].with_it < told[name].shuffled, name
    assert told["noise"].with_it == pytest.approx(told["noise"].without, rel=0.05)
