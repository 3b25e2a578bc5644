"""Scores an exported network on held-out test sets beside the rules that could replace it; chooses nothing.

Runs the very bytes that are served, on ONNX Runtime, so a score is that of the served answer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from service.arrays import Floats
from service.cards import Evaluation, Score
from service.inference.network import Network
from service.inference.rules import SERIES_RULES
from training.answers import answers, forecasts, rule_forecasts
from training.recipes import Recipe
from training.registry import task_of
from training.tasks.base import TEST_SEED, FreeRun, TestSet, digest, generator
from training.tasks.task import Task

# Sequences in every published test set.
COUNT = 10_000


def evaluate(recipe: Recipe, network: Network, count: int = COUNT) -> list[Evaluation]:
    """All of a recipe's test sets, headline first, and what its task has a network go on with by itself."""
    task = task_of(recipe)
    results = [evaluate_on(test, task, network) for test in held_out(task, count)]
    if (run := task.free_run(count)) is not None:
        results.append(free_running(run, task, network))
    return results


def held_out(task: Task, count: int) -> list[TestSet]:
    """The test sets of ``task``, headline first, from a generator of their own; they choose nothing."""
    return task.test_sets(generator("test", TEST_SEED), count)


def evaluate_on(test: TestSet, task: Task, network: Network) -> Evaluation:
    """One test set: the network's and every rule's mean squared and absolute error, in the set's unit."""
    return scored(test, answers(task.reading, network, test.inputs, test.lengths), task.rule_answers(test))


def scored(test: TestSet, given: Floats, rules: Mapping[str, Floats]) -> Evaluation:
    """The answers ``given`` to a test set beside those of ``rules``."""
    return Evaluation(
        name=test.name,
        data=test.data,
        unit=test.unit_name,
        sequences=len(test.lengths),
        data_sha256=test.sha256,
        model=score((given - test.truth) / test.unit),
        rules={name: score((each - test.truth) / test.unit) for name, each in rules.items()},
    )


def score(errors: Floats) -> Score:
    """Mean squared and mean absolute error."""
    return Score(mse=float(np.mean(errors**2)), mae=float(np.mean(np.abs(errors))))


def free_running(run: FreeRun, task: Task, network: Network) -> Evaluation:
    """The network, and every rule of the service, going on with ``run`` on their own answers."""
    count, window = run.observed.shape
    lengths, horizon, unit = np.full(count, window, np.int32), run.truth.shape[1], run.unit[:, None]
    made = {name: rule_forecasts(rule, run.observed, horizon) for name, rule in SERIES_RULES.items()}
    return Evaluation(
        name=run.name,
        data=run.data,
        unit=run.unit_name,
        sequences=count,
        data_sha256=digest((np.concatenate((run.observed, run.truth), axis=1),)),
        model=score((forecasts(task.reading, network, run.observed, lengths, horizon) - run.truth) / unit),
        rules={name: score((each - run.truth) / unit) for name, each in made.items()},
    )
