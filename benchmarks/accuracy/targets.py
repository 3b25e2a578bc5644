"""Rows S1-S14: target, what was reached, verdict, and the command that measured it; from cards and stored runs only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from benchmarks.accuracy import beside, machine
from benchmarks.accuracy.figures import network_of
from benchmarks.accuracy.rows import EVALUATE, NOT_RUN, REPORT, REPRODUCE, TRAIN, Row, Target
from benchmarks.accuracy.run_store import Run
from benchmarks.accuracy.runs import lab_windows
from benchmarks.accuracy.studies import SHORT_MEMORY, Task
from benchmarks.accuracy.summary import summarise
from service.cards import Cell, Evaluation
from service.folders import ModelFolder
from service.levels import NAMES
from training import calibration
from training.markdown import number, percent
from training.recipes import CELLS
from training.registry import PUBLISHED
from training.tasks.base import window_set
from training.tasks.lecture import SineLab
from training.tasks.memory import TESTED

_BY_NOISE = 6_000  # windows for the coverage by noise


def _same(limit: float) -> dict[Cell, float]:
    return dict.fromkeys(CELLS, limit)


S2 = Target(
    "S2",
    "LAB 10-1, raw, 10 units, float64 L-BFGS: median MSE on the notebook's 20 test windows",
    _same(1e-9),
    _same(1e-12),
    REPRODUCE,
)
S3 = Target(
    "S3",
    "the slide's comparison windows, raw, 10 units, float64 L-BFGS: median validation MSE",
    _same(1e-4),
    _same(1e-6),
    REPRODUCE,
)
S4 = Target("S4", "linear, clean, lengths 3..200: RMSE / step", _same(1e-3), _same(1e-6), TRAIN)
S5 = Target("S5", "sine, clean: RMSE / amplitude", _same(1e-2), _same(1e-3), TRAIN)
S6 = Target(
    "S6",
    "sine, 100 steps on its own answers: RMSE / amplitude",
    {"simplernn": 0.15, "lstm": 0.05, "gru": 0.05},
    _same(1e-2),
    TRAIN,
)
S7 = Target(
    "S7",
    "memory, 30 pairs: MSE (index-blind rule 0.00723)",
    {"simplernn": 0.00723, "lstm": 5e-6, "gru": 5e-6},
    {"simplernn": 1e-3, "lstm": 5e-7, "gru": 5e-7},
    TRAIN,
)
S8 = Target(
    "S8",
    "memory: worst MSE over 3, 10, 30, 60 and 120 pairs (no goal for the simple RNN)",
    {"simplernn": np.inf, "lstm": 1e-4, "gru": 1e-4},
    _same(5e-6),
    TRAIN,
)
S14 = Target(
    "S14",
    "sine, 1-20 % noise: 1 - MAE / MAE of the best of naive, drift, line, AR(2)",
    {"simplernn": 0.3, "lstm": 0.5, "gru": 0.5},
    _same(0.7),
    TRAIN,
    larger=True,
)
S14_LINE = Target("S14", "linear, 1-20 % noise: MAE / MAE of the least-squares line", _same(1.1), _same(1.0), TRAIN)


# Target, task, test sets (the worst counts) and error.
_SERVED: Sequence[tuple[Target, Task, Sequence[str], beside.Measure]] = (
    (S4, "linear", ("clean",), beside.rmse),
    (S5, "sine", ("clean",), beside.rmse),
    (S6, "sine", ("free-running",), beside.rmse),
    (S7, "memory", ("length 30",), beside.mse),
    (S8, "memory", tuple(f"length {n}" for n in TESTED), beside.mse),
)


def rows(folders: Mapping[str, ModelFolder], runs: Sequence[Run]) -> Iterator[Row]:
    """All rows, in order."""
    named: dict[str, list[Run]] = {}
    for run in runs:
        named.setdefault(run.key, []).append(run)
    done = "counts as on the slides; table below" if "textbook-compare-gru" in named else NOT_RUN
    yield Row("S1", "the lecture's models and labs as written", "all rows", done, "", REPRODUCE)
    for target in (S2, S3):
        found = {cell: [run.numbers["test_mse"] for run in named.get(f"{target.name}-{cell}", [])] for cell in CELLS}
        seeds = min(len(errors) for errors in found.values())
        medians = {cell: summarise(errors).median if errors else None for cell, errors in found.items()}
        yield target.row(medians, f" (seeds: {seeds}; rules: {_lab_rules(target.name)})")
    for target, task, tests, measure in _SERVED:
        yield _served_row(folders, target, task, tests, measure)
    yield _short_memory_row(named)
    yield from _interval_rows(folders)
    yield from machine.rows(folders, named)
    for target, task, value in ((S14, "sine", noise_skill), (S14_LINE, "linear", of_line)):
        noisy = {cell: evaluation_of(folders[f"{task}-{cell}"], "noise") for cell in CELLS}
        rivals = beside.rules(task, noisy["gru"], beside.mae)
        yield target.row({cell: value(each) for cell, each in noisy.items()}, f" (rules' MAE: {rivals})")


def _served_row(
    folders: Mapping[str, ModelFolder], target: Target, task: Task, tests: Sequence[str], measure: beside.Measure
) -> Row:
    found = {cell: [evaluation_of(folders[f"{task}-{cell}"], test) for test in tests] for cell in CELLS}
    worst = max(found["gru"], key=lambda each: beside.fooling(task, each, measure)[1])
    values = {cell: max(measure(each.model) for each in evaluations) for cell, evaluations in found.items()}
    return target.row(values, f" (rules: {beside.rules(task, worst, measure)})")


def _lab_rules(study: str) -> str:
    windows = lab_windows(study, 0)[1]
    answers = SineLab().rule_answers(window_set(study, "", windows))
    errors = {name: float(np.mean((answer - windows.targets) ** 2)) for name, answer in answers.items()}
    best = min(errors, key=errors.__getitem__)
    return f"{beside.named(best, errors[best])}, {beside.named('naive', errors['naive'])}"


def evaluation_of(folder: ModelFolder, name: str) -> Evaluation:
    """The evaluation of that name on a card."""
    return next(each for each in folder.card.evaluations if each.name == name)


def noise_skill(evaluation: Evaluation) -> float:
    """1 - MAE / MAE of the best of naive, drift, line and AR(2)."""
    best = min(evaluation.rules[rule].mae for rule in ("naive", "drift", "line", "ar2"))
    return 1.0 - evaluation.model.mae / best


def of_line(evaluation: Evaluation) -> float:
    """MAE / MAE of the least-squares line."""
    return evaluation.model.mae / evaluation.rules["line"].mae


def _short_memory_row(named: Mapping[str, list[Run]]) -> Row:
    texts, rivals = [], ""
    for cell, recipe in SHORT_MEMORY.items():
        runs = named.get(recipe.name, [])[:1]
        found = {each["name"]: each for run in runs for each in run.numbers["evaluations"]}
        tests = [found[f"length {n}"] for n in (30, 60, 120) if found]
        texts.append(f"{cell} {' / '.join(number(each['model']['mse']) for each in tests) or NOT_RUN}")
        rivals = " / ".join(number(each["rules"]["index_blind_mean"]["mse"]) for each in tests) or rivals
    measure = "memory, trained on at most 30 pairs: MSE at 30 / 60 / 120 pairs (one seed)"
    reached = f"{', '.join(texts)} (rules: index blind mean {rivals})" if rivals else NOT_RUN
    return Row("S8 study", measure, "reported", reached, "", EVALUATE)


def _interval_rows(folders: Mapping[str, ModelFolder]) -> Iterator[Row]:
    misses, thirds = {}, []
    for name, folder in folders.items():
        if (intervals := folder.card.intervals) is None:
            continue
        misses[name] = max(abs(100 * s - float(level)) for level in NAMES for s in intervals.coverage[level])
        held = calibration.coverage_by_noise(PUBLISHED[name], network_of(folder), intervals, _BY_NOISE)["90"]
        thirds.append(f"{name} {'/'.join(percent(share) for share in held)}")
    worst = max(misses.values())
    verdict = "beyond" if worst <= 1.0 else "goal met" if worst <= 2.0 else "**falls short**"
    yield Row(
        "S9",
        "intervals at 80/90/95 %: largest miss of the coverage over horizons 1..20, in points",
        "<= 2 (beyond: 1)",
        ", ".join(f"{name} {miss:.2f}" for name, miss in misses.items()),
        verdict,
        TRAIN,
    )
    yield Row(
        "S9",
        "coverage in % of the 90 % intervals in the quiet/middle/loud third of the noise, all horizons",
        "reported",
        ", ".join(thirds),
        "",
        REPORT,
    )
