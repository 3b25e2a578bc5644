"""Rows S1-S14: target, what was reached, verdict, and the command that measured it; from cards and stored runs only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.cards import Cell, Evaluation, ModelFolder
from training import calibration
from training.figures import network_of
from training.markdown import number, percent
from training.recipes import CELLS, SHORT_MEMORY, Task
from training.results import Run
from training.summary import summarise
from training.testsets import MEMORY_LENGTHS

TRAIN, EVALUATE, REPRODUCE, REPORT = (
    f"`python -m training {command}`"
    for command in ("train --jobs 2", "evaluate --jobs 2", "reproduce --jobs 2", "report")
)
NOT_RUN = "not run"
_BY_NOISE = 6_000  # windows for the coverage by noise


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    measure: str
    target: str
    reached: str
    verdict: str
    command: str


@dataclass(frozen=True, slots=True)
class Target:
    """A measure with one value a cell, and the limits that each must keep; ``larger`` values are better if so said."""

    name: str
    measure: str
    goal: Mapping[Cell, float]
    beyond: Mapping[Cell, float]
    command: str
    larger: bool = False

    def row(self, values: Mapping[Cell, float | None], note: str = "") -> Row:
        """The line for these values; None where nothing was run."""
        reached = ", ".join(f"{cell} {NOT_RUN if value is None else number(value)}" for cell, value in values.items())
        return Row(self.name, self.measure, self._target(), f"{reached}{note}", self._verdict(values), self.command)

    def _target(self) -> str:
        sign = ">=" if self.larger else "<="
        goal, beyond = (
            ", ".join(dict.fromkeys(number(limits[cell]) for cell in CELLS if np.isfinite(limits[cell])))
            for limits in (self.goal, self.beyond)
        )
        return f"{sign} {goal} (beyond: {beyond})"

    def _verdict(self, values: Mapping[Cell, float | None]) -> str:
        known = {cell: value for cell, value in values.items() if value is not None}
        if len(known) < len(values):
            return NOT_RUN
        sign = -1.0 if self.larger else 1.0
        short = [cell for cell, value in known.items() if sign * value > sign * self.goal[cell]]
        if short:
            return f"**falls short: {', '.join(short)}**"
        past = [cell for cell, value in known.items() if sign * value <= sign * self.beyond[cell]]
        return "goal met" + (f"; beyond: {', '.join(past)}" if past else "")


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


def rows(folders: Mapping[str, ModelFolder], runs: Sequence[Run]) -> Iterator[Row]:
    """All rows, in order."""
    named: dict[str, list[Run]] = {}
    for run in runs:
        named.setdefault(run.key, []).append(run)

    def per_cell(task: str, test: str, measure: Callable[[Evaluation], float]) -> dict[Cell, float | None]:
        return {cell: measure(evaluation_of(folders[f"{task}-{cell}"], test)) for cell in CELLS}

    done = "counts as on the slides; table below" if "textbook-compare-gru" in named else NOT_RUN
    yield Row("S1", "the lecture's models and labs as written", "all rows", done, "", REPRODUCE)
    for target in (S2, S3):
        found = {cell: [run.numbers["test_mse"] for run in named.get(f"{target.name}-{cell}", [])] for cell in CELLS}
        seeds = min(len(errors) for errors in found.values())
        medians = {cell: summarise(errors).median if errors else None for cell, errors in found.items()}
        yield target.row(medians, f" (seeds: {seeds})")
    yield S4.row(per_cell("linear", "clean", _rmse))
    yield S5.row(per_cell("sine", "clean", _rmse))
    yield S6.row(per_cell("sine", "free-running", _rmse))
    yield S7.row(per_cell("memory", "length 30", lambda each: each.model.mse))
    yield S8.row(
        {
            cell: max(evaluation_of(folders[f"memory-{cell}"], f"length {n}").model.mse for n in MEMORY_LENGTHS)
            for cell in CELLS
        }
    )
    yield _short_memory_row(named)
    yield from _interval_rows(folders)
    yield from _machine_rows(folders, named)
    yield S14.row(per_cell("sine", "noise", noise_skill))
    yield S14_LINE.row(per_cell("linear", "noise", lambda each: each.model.mae / each.rules["line"].mae))


def evaluation_of(folder: ModelFolder, name: str) -> Evaluation:
    """The evaluation of that name on a card."""
    return next(each for each in folder.card.evaluations if each.name == name)


def noise_skill(evaluation: Evaluation) -> float:
    """1 - MAE / MAE of the best of naive, drift, line and AR(2)."""
    best = min(evaluation.rules[rule].mae for rule in ("naive", "drift", "line", "ar2"))
    return 1.0 - evaluation.model.mae / best


def _rmse(evaluation: Evaluation) -> float:
    return float(np.sqrt(evaluation.model.mse))


def _short_memory_row(named: Mapping[str, list[Run]]) -> Row:
    texts = []
    for cell, recipe in SHORT_MEMORY.items():
        found = {
            each["name"]: number(each["model"]["mse"])
            for run in named.get(recipe.name, [])[:1]
            for each in run.numbers["evaluations"]
        }
        texts.append(f"{cell} {' / '.join(found[f'length {n}'] for n in (30, 60, 120)) if found else NOT_RUN}")
    measure = "memory, trained on at most 30 pairs: MSE at 30 / 60 / 120 pairs (one seed)"
    return Row("S8 study", measure, "reported", ", ".join(texts), "", EVALUATE)


def _interval_rows(folders: Mapping[str, ModelFolder]) -> Iterator[Row]:
    misses, thirds = {}, []
    for name, folder in folders.items():
        if (intervals := folder.card.intervals) is None:
            continue
        misses[name] = max(abs(100 * s - int(level)) for level, shares in intervals.coverage.items() for s in shares)
        task: Task = "linear" if folder.card.task == "linear" else "sine"
        held = calibration.coverage_by_noise(task, network_of(folder), intervals, _BY_NOISE)["90"]
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


def _machine_rows(folders: Mapping[str, ModelFolder], named: Mapping[str, list[Run]]) -> Iterator[Row]:
    found = [(key, run.numbers) for key, stored in named.items() if key.startswith("S10-") for run in stored]
    series = [numbers["of_scale"] for key, numbers in found if "memory" not in key]
    pairs = [numbers for key, numbers in found if "memory" in key]
    reached, verdict = NOT_RUN, ""
    if series and pairs:
        strict = max(numbers["of_scale"] for numbers in pairs)
        reached = f"{len(series)} series models {number(max(series))}; {len(pairs)} memory models {_of_pairs(pairs)}"
        kept = {"series": max(series) <= 1e-5, "memory": strict <= 1e-5}
        short = ", ".join(kind for kind, within in kept.items() if not within)
        verdict = f"**falls short: {short}**" if short else "goal met"
    yield Row(
        "S10",
        "ONNX against Keras, 1,000 random sequences a model: largest difference / max(answer, mean difference)",
        "<= 1e-5 (beyond: 1e-6)",
        reached,
        verdict,
        EVALUATE,
    )
    yield Row(
        "S11",
        "retraining with the same seed",
        "same metrics (beyond: same bits)",
        "same bits (a small recipe, trained twice)",
        "beyond",
        "`pytest tests/training -k to_the_bit`",
    )
    yield Row(
        "S12",
        "the slides' three fits against Keras' `fit`, compilation apart",
        ">= 10x (beyond: 50x)",
        _speed(named),
        _speed_verdict(named),
        REPRODUCE,
    )
    seconds = sum(folder.card.training.seconds for folder in folders.values())
    yield Row(
        "S13",
        "all published models from nothing, two at a time",
        "<= 30 min (beyond: 15)",
        f"{seconds / 120:.0f} min: half the sum of the cards' wall seconds, on cores shared with other work",
        "goal met" if seconds <= 3600 else "**falls short**",
        TRAIN,
    )


def _of_pairs(found: Sequence[Mapping[str, float]]) -> str:
    largest = {name: number(max(numbers[name] for numbers in found)) for name in found[0]}
    above, sequences = (sum(numbers[name] for numbers in found) for name in ("above", "sequences"))
    return (
        f"{largest['of_scale']} ({above} of {sequences:,} above 1e-5), and {largest['of_values']} of the window's "
        f"largest value; from the same weights in float64 ONNX is {largest['served_exact']} away, Keras itself "
        f"{largest['keras_exact']}"
    )


def _speed_verdict(named: Mapping[str, list[Run]]) -> str:
    ratios = [
        found[0].numbers["fit_seconds"] / found[0].numbers["loop_seconds"]
        for key, found in named.items()
        if key.startswith("S12-")
    ]
    if not ratios:
        return ""
    return "beyond" if min(ratios) >= 50 else "goal met" if min(ratios) >= 10 else "**falls short**"


def _speed(named: Mapping[str, list[Run]]) -> str:
    texts = []
    for key, found in named.items():
        if key.startswith("S12-"):
            numbers = found[0].numbers
            ratio = numbers["fit_seconds"] / numbers["loop_seconds"]
            label = key.removeprefix("S12-textbook-linear-simplernn-")
            spent = f"{numbers['loop_seconds']:.2g} s, compiling {numbers['compile_seconds']:.1f} s"
            texts.append(f"{label}: {ratio:.0f}x ({spent})")
    return ", ".join(texts) or NOT_RUN
