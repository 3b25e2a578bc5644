"""Scores an exported network on held-out test sets beside the rules that could replace it; chooses nothing.

Runs the very bytes that are served, on ONNX Runtime, so a score is that of the served answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from service.cards import Evaluation, Score
from service.inference import rules
from service.inference.network import OnnxNetwork
from service.inference.readings.reading import Reading
from training import plugins
from training.answers import answers, forecasts, rule_forecasts
from training.recipes import Recipe
from training.tasks import sine
from training.tasks.base import Floats, TestSet, digest, generator, log_uniform
from training.testsets import COUNT, SEED, held_out

FREE_ANGLE, FREE_WINDOW, FREE_STEPS = 0.25, 32, 100


def evaluate(recipe: Recipe, network: OnnxNetwork, count: int = COUNT) -> list[Evaluation]:
    """All of a recipe's test sets, headline first; sine networks also run free."""
    results = [evaluate_on(test, recipe, network) for test in held_out(recipe, count)]
    if recipe.data == "sine":
        results.append(free_running(recipe.reading, network, count))
    return results


def evaluate_on(test: TestSet, recipe: Recipe, network: OnnxNetwork) -> Evaluation:
    """One test set: the network's and every rule's mean squared and absolute error, in the set's unit."""
    own = {}
    if recipe.data in plugins.tasks():
        rows, last = np.arange(len(test.lengths)), test.lengths - 1
        further = plugins.tasks()[recipe.data].rules()
        own = {name: rule(test.inputs[..., 0])[rows, last] for name, rule in further.items()}
    return Evaluation(
        name=test.name,
        data=test.data,
        unit=test.unit_name,
        sequences=len(test.lengths),
        data_sha256=test.sha256,
        model=score((answers(recipe.reading, network, test.inputs, test.lengths) - test.truth) / test.unit),
        rules={name: score((each - test.truth) / test.unit) for name, each in {**rule_answers(test), **own}.items()},
    )


def score(errors: Floats) -> Score:
    """Mean squared and mean absolute error."""
    return Score(mse=float(np.mean(errors**2)), mae=float(np.mean(np.abs(errors))))


def rule_answers(test: TestSet) -> dict[str, Floats]:
    """Every rule's answer to each sequence, float64 [sequences]."""
    if test.inputs.shape[-1] == 2:
        index, value = test.inputs[..., 0], test.inputs[..., 1]
        return {
            "index_blind_mean": rules.index_blind_mean(value, test.lengths),
            "even_mean": rules.even_mean(index, value, test.lengths),
        }
    rows, last = np.arange(len(test.lengths)), test.lengths - 1
    return {name: rule(test.inputs[..., 0])[rows, last] for name, rule in VALUE_RULES.items()}


def quadratic(values: Floats) -> Floats:
    """The parabola through the last three values, ``3 x_n - 3 x_{n-1} + x_{n-2}``; drift while there are two."""
    predicted: Floats = rules.SERIES_RULES["drift"](values)
    predicted[:, 2:] += np.diff(values, n=2)
    return predicted


VALUE_RULES: Mapping[str, Callable[[Floats], Floats]] = {**rules.SERIES_RULES, "quadratic": quadratic}


def free_running(reading: Reading, network: OnnxNetwork, count: int = COUNT) -> Evaluation:
    """100 steps on the network's own answers after 32 values of a clean sinusoid of step 0.25."""
    rng = generator("test", SEED + 1)
    amplitude = log_uniform(rng, sine.AMPLITUDE, count)
    angle = np.full(count, FREE_ANGLE)
    series = sine.sinusoids(rng, angle, amplitude, np.zeros(count), FREE_WINDOW + FREE_STEPS)
    window, truth = series.observed[:, :FREE_WINDOW], series.clean[:, FREE_WINDOW:]
    unit = amplitude[:, None]
    lengths = np.full(count, FREE_WINDOW, np.int32)
    return Evaluation(
        name="free-running",
        data=f"sinusoids of amplitude 0.1..10, offset +-10, step {FREE_ANGLE}: {FREE_STEPS} steps on its own answers "
        f"after a window of {FREE_WINDOW}",
        unit="amplitude",
        sequences=count,
        data_sha256=digest((series.observed,)),
        model=score((forecasts(reading, network, window, lengths, FREE_STEPS) - truth) / unit),
        rules={
            name: score((rule_forecasts(rules.SERIES_RULES[name], window, FREE_STEPS) - truth) / unit)
            for name in ("naive", "drift", "line", "ar2")
        },
    )
