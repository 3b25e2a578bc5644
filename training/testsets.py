"""The held-out test sets of every recipe, each from a generator of its own; they choose nothing.

The first set of a recipe is its headline. Every published set has 10,000 sequences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from training import plugins
from training.recipes import Recipe
from training.tasks import linear, memory, sine
from training.tasks.base import Floats, Series, TestSet, Windows, generator, padded

COUNT = 10_000
# Seeds are streams of their own for each purpose (tasks.base.generator), so this one meets no training data; and no
# trial that chose a recipe has used it.
SEED = 20_261_124
MEMORY_LENGTHS = (30, 3, 10, 60, 120)


def held_out(recipe: Recipe, count: int) -> list[TestSet]:
    """The test sets of ``recipe``, headline first."""
    sets = SETS.get(recipe.data)
    return (plugins.tasks()[recipe.data].test_sets if sets is None else sets)(generator("test", SEED), count)


def moderate_noise(rng: np.random.Generator, count: int) -> Floats:
    """Noise of 1-20 % of the amplitude or step, uniform, [count]."""
    return rng.uniform(*sine.NOISE, count)


def next_value_set(name: str, data: str, unit_name: str, series: Series, lengths: np.ndarray) -> TestSet:
    """A test set of next values: read the first ``lengths`` of each row, answer the clean value after them."""
    rows = [values[:length, None] for values, length in zip(series.observed, lengths, strict=True)]
    inputs, _ = padded(rows)
    truth = series.clean[np.arange(len(lengths)), lengths]
    return TestSet(name, data, unit_name, inputs, lengths, truth, series.unit)


def _linear(rng: np.random.Generator, count: int) -> list[TestSet]:
    clean = linear.served_range(rng, count, np.zeros(count))
    noisy = linear.served_range(rng, count, moderate_noise(rng, count))
    data = "arithmetic progressions: start within +-1e6, step 1e-3..1e3 of either sign (log-uniform), length 3..200"
    noise = f"{data}, Gaussian noise of 1-20 % of the step; scored on the clean value"
    return [
        next_value_set("clean", data, "step", *clean),
        next_value_set("noise", noise, "step", *noisy),
    ]


def _sine(rng: np.random.Generator, count: int) -> list[TestSet]:
    clean = sine.served_range(rng, count, np.zeros(count))
    noisy = sine.served_range(rng, count, moderate_noise(rng, count))
    data = (
        "sinusoids: amplitude 0.1..10 (log-uniform), offset +-10, angular step 0.05..1.0, length 16..64 covering at "
        "least a third of a period"
    )
    noise = f"{data}, Gaussian noise of 1-20 % of the amplitude; scored on the clean value"
    return [
        next_value_set("clean", data, "amplitude", *clean),
        next_value_set("noise", noise, "amplitude", *noisy),
    ]


def _memory(rng: np.random.Generator, count: int) -> list[TestSet]:
    return [_memory_set(rng, count, length) for length in MEMORY_LENGTHS]


def _memory_set(rng: np.random.Generator, count: int, length: int) -> TestSet:
    data = f"{length} [index, value] pairs, indices 0..5, values from a sine over the range of LAB 10-2, shift N(0, 1)"
    return _windows(f"length {length}", data, memory.lab(rng, count, length))


def _slide(rng: np.random.Generator, count: int) -> list[TestSet]:
    return [
        linear.fresh_windows(rng, count, (0.0, 9.9), 3),
        _windows("slide", "the slides' own 100 training windows", linear.slide()),
    ]


def _comparison(rng: np.random.Generator, count: int) -> list[TestSet]:
    return [
        linear.fresh_windows(rng, count, (0.0, 1.3), 16),
        _windows("training windows", "the slides' 8 training windows, starts 0.0 .. 0.7", linear.comparison()),
        _windows("validation", "the slides' 4 validation windows, starts 1.0 .. 1.3", linear.comparison_validation()),
    ]


def _sine_lab(rng: np.random.Generator, count: int) -> list[TestSet]:
    return [_windows("fresh windows", "windows as in LAB 10-1, drawn afresh", sine.lab(rng, count))]


def _memory_lab(rng: np.random.Generator, count: int) -> list[TestSet]:
    return [_windows("fresh windows", "windows as in LAB 10-2 (mean), drawn afresh", memory.lab(rng, count))]


def _windows(name: str, data: str, windows: Windows) -> TestSet:
    count, timesteps, _ = windows.inputs.shape
    lengths = np.full(count, timesteps, np.int32)
    return TestSet(name, data, "1", windows.inputs, lengths, windows.targets, np.ones(count))


SETS: Mapping[str, Callable[[np.random.Generator, int], list[TestSet]]] = {
    "linear": _linear,
    "sine": _sine,
    "memory": _memory,
    "slide": _slide,
    "comparison": _comparison,
    "sine-lab": _sine_lab,
    "memory-lab": _memory_lab,
}
