"""Rows S1-S14: target, what was reached, and the command that measured it; numbers from cards and stored runs only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.cards import Evaluation, ModelFolder, Score
from training import calibration
from training.figures import network_of
from training.markdown import number, percent
from training.recipes import CELLS, Task
from training.results import Run
from training.summary import summarise
from training.testsets import MEMORY_LENGTHS

TRAIN, EVALUATE, REPRODUCE, REPORT = (
    f"`python -m training {command}`" for command in ("train --jobs 2", "evaluate --jobs 2", "reproduce", "report")
)
NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Row:
    """One target. ``goal`` and ``beyond`` as stated, ``reached`` per cell where it has cells."""

    name: str
    measure: str
    goal: str
    beyond: str
    reached: str
    command: str


def rows(folders: Mapping[str, ModelFolder], runs: Sequence[Run]) -> Iterator[Row]:
    """All rows, in order."""
    named = _by_key(runs)
    yield Row(
        "S1",
        "textbook: the slides' parameter counts and recipes, 10 seeds",
        "all rows",
        "-",
        "counts exact; table below" if "textbook-compare-gru" in named else NOT_RUN,
        REPRODUCE,
    )
    for name, measure, goal, beyond in (
        ("S2", "LAB 10-1 trained our way (float64 L-BFGS, 10 units, raw): median test MSE", "<= 1e-9", "<= 1e-12"),
        ("S3", "comparison windows, raw, 10 units, trained our way: median validation MSE", "<= 1e-4", "<= 1e-6"),
    ):
        found = {cell: [run.numbers["test_mse"] for run in named.get(f"{name}-{cell}", [])] for cell in CELLS}
        text = _cells({cell: _median(errors) for cell, errors in found.items()})
        count = min(len(errors) for errors in found.values())
        yield Row(name, measure, goal, beyond, f"{text} ({count} seeds)", REPRODUCE)
    yield Row(
        "S4",
        "linear, clean: RMSE / step over lengths 3..200",
        "<= 1e-3",
        "<= 1e-6",
        _scores(folders, "linear", "clean", _rmse),
        TRAIN,
    )
    yield Row(
        "S5", "sine, clean: RMSE / amplitude", "<= 1e-2", "<= 1e-3", _scores(folders, "sine", "clean", _rmse), TRAIN
    )
    yield Row(
        "S6",
        "sine, 100 steps on its own answers: RMSE / amplitude",
        "LSTM, GRU <= 5e-2; SimpleRNN <= 1.5e-1",
        "<= 1e-2",
        _scores(folders, "sine", "free-running", _rmse),
        TRAIN,
    )
    yield Row(
        "S7",
        "memory, 30 pairs: MSE (index-blind rule 0.0072)",
        "LSTM, GRU <= 5e-6; SimpleRNN below the rule",
        "<= 5e-7; SimpleRNN <= 1e-3",
        _scores(folders, "memory", "length 30", lambda s: s.mse),
        TRAIN,
    )
    yield Row(
        "S8",
        "memory: worst MSE over 3, 10, 30, 60 and 120 pairs",
        "LSTM, GRU <= 1e-4",
        "<= 5e-6",
        _worst_memory(folders),
        TRAIN,
    )
    yield Row(
        "S9",
        "intervals at 80/90/95 %: largest miss of the coverage over horizons 1..20, points",
        "2",
        "1",
        _coverage(folders),
        TRAIN,
    )
    yield Row(
        "S9",
        "the same by third of the noise (quiet, middle, loud), 90 %, all horizons",
        "reported",
        "-",
        _coverage_by_noise(folders),
        REPORT,
    )
    differences = [run.numbers["difference"] for key, found in named.items() if key.startswith("S10-") for run in found]
    yield Row(
        "S10",
        "ONNX against Keras, 1,000 random sequences a model: largest difference / max(answer, scale)",
        "<= 1e-5",
        "<= 1e-6",
        number(max(differences)) if differences else NOT_RUN,
        EVALUATE,
    )
    yield Row(
        "S11",
        "retraining with the same seed",
        "same metrics",
        "bit-identical weights",
        "bit-identical weights",
        "`pytest tests/training -k to_the_bit`",
    )
    yield Row(
        "S12",
        "the slides' three fits against Keras' `fit`, compilation apart",
        ">= 10x",
        ">= 50x",
        _speed(named),
        REPRODUCE,
    )
    seconds = sum(folder.card.training.seconds for folder in folders.values())
    yield Row(
        "S13",
        "all published models from nothing, two cores",
        "<= 30 min",
        "<= 15 min",
        f"{seconds / 60:.0f} core-minutes: {seconds / 120:.0f} min on two",
        TRAIN,
    )
    yield Row(
        "S14",
        "sine, 1-20 % noise: 1 - MAE / MAE of the best rule",
        "LSTM, GRU >= 0.5; SimpleRNN >= 0.3",
        ">= 0.7",
        _scores(folders, "sine", "noise", None),
        TRAIN,
    )
    yield Row(
        "S14",
        "linear, 1-20 % noise: MAE / MAE of the least-squares line",
        "<= 1.1",
        "<= 1.0",
        _linear_noise(folders),
        TRAIN,
    )


def evaluation_of(folder: ModelFolder, name: str) -> Evaluation:
    """The evaluation of that name on a card."""
    return next(each for each in folder.card.evaluations if each.name == name)


def noise_skill(evaluation: Evaluation) -> float:
    """1 - MAE / MAE of the best of naive, drift, line and AR(2)."""
    best = min(evaluation.rules[rule].mae for rule in ("naive", "drift", "line", "ar2"))
    return 1.0 - evaluation.model.mae / best


def _rmse(score: Score) -> float:
    return float(np.sqrt(score.mse))


def _scores(folders: Mapping[str, ModelFolder], task: str, test: str, measure: object) -> str:
    found = {cell: evaluation_of(folders[f"{task}-{cell}"], test) for cell in CELLS}
    if callable(measure):
        return _cells({cell: number(measure(each.model)) for cell, each in found.items()})
    return _cells({cell: f"{noise_skill(each):.2f}" for cell, each in found.items()})


def _worst_memory(folders: Mapping[str, ModelFolder]) -> str:
    return _cells(
        {
            cell: number(max(evaluation_of(folders[f"memory-{cell}"], f"length {n}").model.mse for n in MEMORY_LENGTHS))
            for cell in CELLS
        }
    )


def _linear_noise(folders: Mapping[str, ModelFolder]) -> str:
    found = {cell: evaluation_of(folders[f"linear-{cell}"], "noise") for cell in CELLS}
    return _cells({cell: f"{each.model.mae / each.rules['line'].mae:.2f}" for cell, each in found.items()})


def _coverage(folders: Mapping[str, ModelFolder]) -> str:
    misses = {}
    for name, folder in folders.items():
        if (intervals := folder.card.intervals) is not None:
            misses[name] = max(abs(100 * s - int(level)) for level, all_s in intervals.coverage.items() for s in all_s)
    return ", ".join(f"{name} {miss:.1f}" for name, miss in misses.items())


def _coverage_by_noise(folders: Mapping[str, ModelFolder]) -> str:
    texts = []
    for name, folder in folders.items():
        if (intervals := folder.card.intervals) is not None:
            task: Task = "linear" if folder.card.task == "linear" else "sine"
            shares = calibration.coverage_by_noise(task, network_of(folder), intervals)["90"]
            texts.append(f"{name} " + "/".join(percent(share) for share in shares))
    return ", ".join(texts)


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


def _median(errors: Sequence[float]) -> str:
    return number(summarise(errors).median) if errors else NOT_RUN


def _cells(texts: Mapping[str, str]) -> str:
    return ", ".join(f"{cell} {text}" for cell, text in texts.items())


def _by_key(runs: Sequence[Run]) -> dict[str, list[Run]]:
    named: dict[str, list[Run]] = {}
    for run in runs:
        named.setdefault(run.key, []).append(run)
    return named
