"""What a question costs, before it is answered."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from service.errors import InvalidInput
from service.http.admission import DEAR, INLINE
from service.inference.catalog import Catalog
from service.inference.engine import Engine
from service.inference.price import Price, Prices, price, step
from service.inference.readings.covariates.beside import Effects
from service.inference.readings.covariates.effects import Known
from service.inference.repository import Repository
from tests.own_series import add_with_covariates

LARGE = "textbook-linear-simplernn-256"
LINEAR = [
    *(f"{family}-{cell}" for family in ("linear", "textbook-compare") for cell in ("gru", "lstm", "simplernn")),
    *(f"textbook-linear-simplernn-{size}" for size in ("20", "256", "4x34")),
]
WALK = np.random.default_rng(7).normal(size=60_000).cumsum().tolist()
MANY = [WALK[start : start + 25] for start in range(0, 25_000, 25)]


def test_it_grows_with_values_models_parameters_and_steps_ahead(catalog: Catalog) -> None:
    small, large = catalog.get("sine-simplernn"), catalog.get(LARGE)
    plain = price([small], 1, 1000)
    assert price([small], 1, 2000).microseconds > 1.8 * plain.microseconds
    assert price([small, small], 1, 1000).microseconds > plain.microseconds + 1000 * step(small)
    assert price([large], 1, 1000).microseconds > 5 * plain.microseconds
    ahead = price([small], 1, 1000, [small], 1, 500)
    assert ahead.microseconds > plain.microseconds
    assert price([small], 1, 1000, [small], 1, 1000).microseconds > ahead.microseconds
    assert price([small], 1, 1000, [small], 100, 500).microseconds > ahead.microseconds


def test_a_model_of_a_window_reads_each_value_as_often_as_it_is_long(catalog: Catalog) -> None:
    windowed = catalog.get("textbook-compare-gru")
    assert windowed.reading.reads == 16
    assert step(windowed) == pytest.approx(16 * step(catalog.get("textbook-memory-gru")), rel=0.1)


def test_what_is_common_stays_on_the_event_loop_and_what_is_dear_leaves_it(engine: Engine) -> None:
    prices = engine.prices
    assert prices.predict(1, 16, "sine-gru", None).microseconds < INLINE
    assert prices.predict(1, 16, None, None).microseconds > INLINE  # the general model reads it too
    assert prices.compare(1, 16, "sine", None).microseconds < INLINE
    assert prices.predict(1, 1060, LARGE, None).microseconds > INLINE
    assert prices.compare(1, 1060, "linear", [LARGE]).microseconds > INLINE
    assert prices.forecast(1, 16, 1000, "sine-gru", None).microseconds > INLINE
    assert prices.inspect(3, LARGE, None).microseconds > INLINE
    assert prices.backtest(12, 2, ["sine-gru"]).microseconds > INLINE


def test_what_stands_beside_sequences_costs_what_it_takes_to_look_up(tmp_path: Path, catalog: Catalog) -> None:
    promo = Known(name="promo", kind="category", categories=("no", "yes"), adds=(0.0, 1.0))
    add_with_covariates(tmp_path, "sales", Effects(form="added", unit=1.0, known=(promo,)))
    found, plain = Repository(tmp_path).catalog.get("sales"), catalog.get("series-gru")
    assert step(found) == step(plain)
    plain.made()
    few, many = (
        price([found], count, 1000).microseconds - price([plain], count, 1000).microseconds for count in (1, 50)
    )
    assert few > 0.0
    assert many - few > 49 * 100.0


def test_a_model_that_is_named_again_costs_nothing_more(engine: Engine) -> None:
    once = engine.prices.compare(1, 100, "linear", [LARGE])
    assert engine.prices.compare(1, 100, "linear", [LARGE] * 60) == once
    assert engine.prices.backtest(100, 5, [LARGE] * 60) == engine.prices.backtest(100, 5, [LARGE])


def test_what_would_be_refused_anyway_is_priced_without_a_complaint(engine: Engine) -> None:
    prices = engine.prices
    assert prices.inspect(10, "nobody", None) == Price(0.0, 10)
    for found in (
        prices.predict(1, 10, "nobody", None),
        prices.compare(1, 10, "sine", ["nobody"]),
        prices.forecast(1, 10, 3, "nobody", None),
        prices.backtest(1, 100, ["nobody"]),
    ):
        assert 0.0 < found.microseconds < 10_000.0


def test_too_much_is_refused_with_what_would_fit() -> None:
    Price(5e6, 1000).require(5e6)
    with pytest.raises(InvalidInput, match="about 20 s of computing, and a request may take 5 s") as caught:
        Price(20e6, 1000).require(5e6)
    assert caught.value.code == "too_costly"
    assert "at most about 250 of these 1000 values" in caught.value.problems[0].expected
    with pytest.raises(InvalidInput) as caught:
        Price(20e6, 1000, 2e6).require(5e6)
    assert "at most about 166 of these 1000 values" in caught.value.problems[0].expected
    with pytest.raises(InvalidInput) as caught:
        Price(20e6, 1000, 6e6).require(5e6)
    assert caught.value.problems[0].expected == "fewer models or steps ahead"


ASKED: dict[str, tuple[Callable[[Engine], object], Callable[[Engine], Price]]] = {
    "one long": (lambda e: e.predict([WALK], "sine-gru"), lambda e: e.prices.predict(1, 60_000, "sine-gru", None)),
    "one long, large": (
        lambda e: e.predict([WALK[:20_000]], LARGE),
        lambda e: e.prices.predict(1, 20_000, LARGE, None),
    ),
    "many": (lambda e: e.predict(MANY, "linear-lstm"), lambda e: e.prices.predict(1000, 25_000, "linear-lstm", None)),
    "many, whoever": (lambda e: e.predict(MANY), lambda e: e.prices.predict(1000, 25_000, None, None)),
    "compare": (
        lambda e: e.compare("linear", MANY, None, [LARGE, "linear-gru", "textbook-compare-lstm"]),
        lambda e: e.prices.compare(1000, 25_000, "linear", [LARGE, "linear-gru", "textbook-compare-lstm"]),
    ),
    "forecast": (
        lambda e: e.forecast([WALK[:16]], 1000, "sine-gru"),
        lambda e: e.prices.forecast(1, 16, 1000, "sine-gru", None),
    ),
    "forecast, windows": (
        lambda e: e.forecast(MANY[:200], 200, "textbook-compare-lstm"),
        lambda e: e.prices.forecast(200, 5000, 200, "textbook-compare-lstm", None),
    ),
    "many, general": (
        lambda e: e.forecast(MANY, 12, "series-lstm"),
        lambda e: e.prices.forecast(1000, 25_000, 12, "series-lstm", None),
    ),
    "inspect, general": (
        lambda e: e.inspect(WALK[:60], "series-gru"),
        lambda e: e.prices.inspect(60, "series-gru", None),
    ),
    "backtest": (lambda e: e.backtest(WALK[:5000], 200), lambda e: e.prices.backtest(5000, 200, None)),
    "inspect": (lambda e: e.inspect(WALK[:1000], "sine-gru"), lambda e: e.prices.inspect(1000, "sine-gru", None)),
    "inspect, large": (lambda e: e.inspect(WALK[:16], LARGE), lambda e: e.prices.inspect(16, LARGE, None)),
}


@pytest.mark.parametrize("name", ASKED)
def test_the_estimate_is_of_the_order_of_what_it_takes(engine: Engine, name: str) -> None:
    """In seconds of the thread's own, so that other programs do not count; a factor of ten is for other machines.

    The least of three: a machine that fetches its memory back from elsewhere lets a thread pay for that, once.
    """
    ask, estimate = ASKED[name]
    expected = estimate(engine).microseconds * 1e-6
    taken = min(thread_seconds(lambda: ask(engine)) for _ in range(3))
    print(f"{name}: {taken * 1e3:.1f} ms, estimated {expected * 1e3:.1f} ms, {expected / taken:.2f}")
    assert taken / 10 < expected < taken * 10


def thread_seconds(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began


EXAMPLES: dict[str, Callable[[Prices], Price]] = {
    "`/predict`, `/v1`, `/v2`: 16 values, `sine-gru`": lambda p: p.predict(1, 16, "sine-gru", None),
    "`/predict`: 16 values, no model named": lambda p: p.predict(1, 16, None, None),
    "`/predict`: 2,000 values, `textbook-linear-simplernn-256`": lambda p: p.predict(1, 2000, LARGE, None),
    "`/predict`: 10,000 sequences of 25, `sine-gru`": lambda p: p.predict(10_000, 250_000, "sine-gru", None),
    "`/predict`: 1,000 sequences of 25, no model named": lambda p: p.predict(1000, 25_000, None, None),
    "`/predict`: 250,000 values, `textbook-linear-simplernn-256`": lambda p: p.predict(1, 250_000, LARGE, None),
    "`/compare`: 16 values, the three cells of `sine`": lambda p: p.compare(1, 16, "sine", None),
    "`/compare`: 31,000 values, the nine models of `linear`": lambda p: p.compare(1, 31_000, "linear", LINEAR),
    "`/forecast`: 16 values, 24 steps ahead, `sine-gru`": lambda p: p.forecast(1, 16, 24, "sine-gru", None),
    "`/forecast`: 36 values, 12 steps ahead, no model named": lambda p: p.forecast(1, 36, 12, None, None),
    "`/forecast`: 250 sequences of 16, 1,000 steps ahead, `sine-gru`": lambda p: p.forecast(
        250, 4000, 1000, "sine-gru", None
    ),
    "`/backtest`: 1,000 values, 12 steps ahead, no model named": lambda p: p.backtest(1000, 12, None),
    "`/backtest`: 250,000 values, 1,000 steps ahead, the three cells of `sine`": lambda p: p.backtest(
        250_000, 1000, [f"sine-{cell}" for cell in ("simplernn", "lstm", "gru")]
    ),
    "`/inspect`: 16 values, `sine-gru`": lambda p: p.inspect(16, "sine-gru", None),
    "`/inspect`: 1,024 values, `sine-gru`": lambda p: p.inspect(1024, "sine-gru", None),
}


def test_the_published_prices_are_those_of_the_published_models(engine: Engine) -> None:
    lines = (Path(__file__).parents[3] / "docs" / "limits.md").read_text().splitlines()
    published = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `/")]
    assert {row[0] for row in published} == EXAMPLES.keys()
    for asked, milliseconds, counts, where in published:
        found = EXAMPLES[asked](engine.prices).microseconds
        assert float(milliseconds) == pytest.approx(found / 1000, rel=0.01)
        assert int(counts) == 1 + int(found / 1000)
        lane = "event loop" if found <= INLINE else "cheap" if found <= DEAR else "dear"
        assert lane in where, asked


def test_what_is_too_dear_says_in_how_many_parts_it_can_be_asked() -> None:
    with pytest.raises(InvalidInput) as refused:
        Price(10_100.0, 1000, 100.0).require(2_100.0)
    assert refused.value.parts == 5
    with pytest.raises(InvalidInput) as refused:
        Price(10_100.0, 1000, 100.0).require(50.0)
    assert refused.value.parts == 0


def test_several_answers_about_the_same_values_cost_as_many_times() -> None:
    assert Price(10.0, 3, 4.0).times(3) == Price(30.0, 3, 12.0)
