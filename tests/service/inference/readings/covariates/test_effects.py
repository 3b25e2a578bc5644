"""What covariates add, against what NumPy, pandas' calendar and plain sums say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from service.covariates import Beside, Covariates
from service.errors import InvalidInput
from service.inference.padding import batches
from service.inference.readings.covariates.beside import Effects
from service.inference.readings.covariates.calendar import INPUTS, Every
from service.inference.readings.covariates.effects import Covariate, Known, Share, Stepwise

PRICE: dict[str, Any] = {"name": "price", "kind": "number", "at": (0.0, 1.0, 3.0), "adds": (1.0, 0.0, 4.0)}


def test_between_its_points_an_effect_is_interpolated_and_beyond_them_goes_straight_on() -> None:
    column = np.array([0.0, 0.25, 1.0, 2.0, 3.0])
    known = Known(**PRICE)
    assert known.effect(column, []) == pytest.approx(np.interp(column, known.at, known.adds))
    assert known.effect(np.array([-1.0, 4.0]), []) == pytest.approx([2.0, 6.0])
    assert not known.beyond(column)
    assert known.beyond(np.array([1.0, 3.1]))


def test_a_static_covariate_changes_an_effect_by_its_weight() -> None:
    shop = Stepwise(name="shop", kind="category", categories=("a", "b"))
    size = Stepwise(name="size", kind="number", centre=10.0, spread=2.0)
    shares = (Share(static="shop", category="b", adds=(1.0, 1.0, 1.0)), Share(static="size", adds=(0.0, 0.0, 3.0)))
    known = Known(**PRICE, by=shares)
    weights = [shop.weight(1.0, "b"), size.weight(14.0, None)]
    assert weights == [1.0, 2.0]
    assert known.effect(np.array([3.0]), weights) == pytest.approx([4.0 + 1.0 + 2.0 * 3.0])


def test_steps_ahead_go_on_as_the_last_that_was_learnt() -> None:
    past = Stepwise(name="visits", kind="number", centre=1.0, spread=2.0, steps=((1.0, 0.0, 0.0), (0.0, 1.0, 0.5)))
    features = past.features(np.array([1.0, 3.0, 7.0]))
    assert features == pytest.approx(np.array([[0, 0, 0], [1, 1, 0.5], [3, 2, 3 - 4 / 3]]))
    assert past.effect(features[-1:], 4) == pytest.approx(np.array([[3.0, *[2 + 0.5 * (3 - 4 / 3)] * 3]]))


@pytest.mark.parametrize(
    ("every", "start", "expected"),
    [
        (
            Every(count=3600, unit="seconds"),
            "2024-02-28T22:30",
            ["2024-02-28T22:30", "2024-02-28T23:30", "2024-02-29T00:30"],
        ),
        (Every(count=3, unit="months"), "2023-11-30", ["2023-11-01", "2024-02-01", "2024-05-01"]),
        (Every(count=1, unit="business days"), "2024-03-01", ["2024-03-01", "2024-03-04", "2024-03-05"]),
    ],
)
def test_the_time_of_each_step(every: Every, start: str, expected: list[str]) -> None:
    assert every.times(np.datetime64(start), 3).tolist() == np.array(expected, "datetime64[s]").tolist()


def test_calendar_inputs_are_those_of_pythons_dates() -> None:
    times = np.datetime64("1968-12-30T23:00:00") + 86_400 * np.arange(0, 30_000, 97) + 3600 * np.arange(310)
    for name, expected in {
        "hour": lambda each: each.hour,
        "weekday": lambda each: each.weekday(),
        "month": lambda each: each.month,
        "day-of-year": lambda each: each.timetuple().tm_yday,
    }.items():
        assert INPUTS[name](times).tolist() == [expected(each) for each in times.tolist()]


def test_a_holiday_is_looked_up_by_its_day_and_years_without_a_table_are_refused() -> None:
    new_year = Known(name="holiday", kind="category", categories=("", "New Year"), adds=(0.0, 5.0))
    effects = Effects(
        form="added",
        unit=2.0,
        calendar=(new_year,),
        every=Every(count=86_400, unit="seconds"),
        holidays={"New Year": ("2024-01-01", "2025-01-01")},
    )
    for start, found in (("2024-12-30", [0, 0, 5, 0, 0]), ("2024-01-01", [5, 0, 0, 0, 0])):
        (batch,) = batches([[1.0, 2.0, 3.0]], (), Beside((Covariates(start=start),), 2))
        assert effects.of(batch, 2).adds[0].tolist() == found
    (batch,) = batches([[1.0, 2.0, 3.0]], (), Beside((Covariates(start="2025-12-29"),), 2))
    with pytest.raises(InvalidInput, match="2024 to 2025") as refused:
        effects.of(batch, 2)
    assert refused.value.problems[0].where == "covariates.0.start"


def test_factors_are_taken_off_and_come_back() -> None:
    effects = Effects(form="multiplied", known=(Known(**PRICE),))
    column = [0.0, 1.0, 3.0, 0.0, 1.0]
    (batch,) = batches([[10.0, 20.0, 30.0]], (), Beside((Covariates({"price": [*column]}),), 2))
    applied = effects.of(batch, 2)
    factors = np.exp(np.interp(column, PRICE["at"], PRICE["adds"]))
    assert applied.left.values[0] == pytest.approx([10.0, 20.0, 30.0] / factors[:3])
    back = applied.back(np.ones((1, 2, 1)), np.array([0]), np.array([3]))
    assert back[0, :, 0] == pytest.approx(factors[3:])


def test_what_is_added_takes_no_series_below_zero_that_never_was() -> None:
    effects = Effects(form="added", unit=1.0, known=(Known(**PRICE),))
    beside = Beside((Covariates({"price": [0.0, 0.0, 0.0, 1.0]}),), 1)
    for values, lowest in (([1.0, 1.5, 1.0], 0.0), ([1.0, -1.5, 1.0], -0.5)):
        (batch,) = batches([values], (), beside)
        found = effects.of(batch, 1).back(np.full((1, 1, 1), -0.5), np.array([0]), np.array([3]))
        assert found.item() == lowest


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"known": [{**PRICE, "adds": (1.0, 2.0)}]}, "one effect for each"),
        ({"known": [{**PRICE, "at": (0.0, 0.0, 1.0)}]}, "must rise"),
        ({"known": [PRICE, PRICE]}, "one name"),
        ({"known": [{**PRICE, "by": [{"static": "shop", "adds": (0, 0, 0)}]}]}, "no static covariate"),
        ({"calendar": [{**PRICE, "name": "hour"}]}, "time between steps"),
        ({"calendar": [PRICE], "every": {"count": 1, "unit": "months"}}, "calendar inputs are"),
        ({"past": [{"name": "w", "kind": "number", "steps": [[1.0]]}]}, "3 numbers for each step"),
        ({"every": {"count": 0, "unit": "months"}}, "greater than or equal to 1"),
        ({"unit": 0.0}, "greater than 0"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Effects.model_validate({"form": "added", **change})


def test_of_many_categories_an_error_names_a_few() -> None:
    said = Covariate(name="x", kind="category", categories=tuple(f"category {n}" for n in range(500))).expected
    assert len(said) < 300
    assert said.endswith("more")
