"""The lecture's own models and labs re-run as written (S1-S3): slide or notebook figure, ours, best rule, claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.accuracy import beside
from benchmarks.accuracy.run_store import Run
from benchmarks.accuracy.studies import EQUAL_PARAMETERS
from benchmarks.accuracy.summary import Summary, summarise
from service.cards import Evaluation
from training.markdown import number, table
from training.recipes import CELLS


class Figure(NamedTuple):
    """A row of the lecture: model, the test set that its figure is about, parameters and error as printed, task."""

    model: str
    test: str
    parameters: str
    error: str
    task: str


# Parameter counts as on the slides; errors as measured from the course's own recipes (MSE).
FIGURES = (
    Figure("textbook-linear-simplernn-20", "slide", "461", "0.013-0.022", "linear"),
    Figure("textbook-linear-simplernn-256", "slide", "66,305", "1.4e-4", "linear"),
    Figure("textbook-linear-simplernn-4x34", "slide", "8,297", "5e-4", "linear"),
    Figure("textbook-compare-simplernn", "validation", "131", "0.44", "linear"),
    Figure("textbook-compare-lstm", "validation", "491", "0.58", "linear"),
    Figure("textbook-compare-gru", "validation", "401", "0.57", "linear"),
    Figure("textbook-sine-simplernn", "fresh windows", "131", "0.0025", "sine"),
    Figure("textbook-sine-lstm", "fresh windows", "491", "0.219", "sine"),
    Figure("textbook-sine-gru", "fresh windows", "401", "0.0242", "sine"),
    Figure("textbook-memory-simplernn", "fresh windows", "141", "not run (mean)", "memory"),
    Figure("textbook-memory-lstm", "fresh windows", "531", "not run (mean)", "memory"),
    Figure("textbook-memory-gru", "fresh windows", "431", "not run (mean)", "memory"),
)


def report(runs: Sequence[Run]) -> str:
    """The whole section as Markdown; rows without runs say so."""
    errors = {figure.model: _errors(runs, figure.model, figure.test) for figure in FIGURES}
    matched = {recipe.name: _errors(runs, recipe.name, "fresh windows") for recipe in EQUAL_PARAMETERS.values()}
    rows = [_row(figure, errors[figure.model], runs) for figure in FIGURES]
    head = (
        "model",
        "parameters: slide = ours",
        "MSE of",
        "course",
        "ours: median [quartiles] (seeds)",
        "95 % of the median",
        "failures",
        "rules",
        "wall seconds: median",
        "plots",
    )
    parts = [
        table(head, rows),
        "### Which of the slides' claims held",
        claims(errors | matched),
        "### Memory (LAB 10-2, mean)",
    ]
    parts.append(equal_terms(runs))
    return "\n\n".join(parts)


def claims(errors: Mapping[str, Sequence[float]]) -> str:
    """The slides' claims in words, judged by medians over seeds."""
    medians = {model: summarise(found).median for model, found in errors.items() if found}
    if not medians.keys() >= {figure.model for figure in FIGURES}:
        return "Not all of the lecture's models have been run yet."
    small, large, stack = (medians[f"textbook-linear-simplernn-{size}"] for size in ("20", "256", "4x34"))
    lines = [
        f"256 units predict better than 20: {_held(large < small)} ({_against(large, small)}).",
        f"The 4 x 34 stack is far better than 20 units: {_held(stack < 0.2 * small)} ({number(stack)}).",
        f"It is a little worse than 256 units: {_held(large < stack < 10 * large)} ({_against(stack, large)}).",
    ]
    equal_units = {cell: f"textbook-memory-{cell}" for cell in CELLS}
    equal_parameters = {cell: recipe.name for cell, recipe in EQUAL_PARAMETERS.items()}
    for matched, names in (("equal units", equal_units), ("equal parameters", equal_parameters)):
        if names["simplernn"] not in medians:
            continue
        memory = {cell: medians[name] for cell, name in names.items()}
        for cell in ("lstm", "gru"):
            better = memory[cell] < memory["simplernn"]
            lines.append(
                f"The {cell.upper()} remembers better than the simple RNN, trained as in the lab, {matched}: "
                f"{_held(better)} ({_against(memory[cell], memory['simplernn'])}; index-blind mean 0.0072)."
            )
    lines.append("Every one of these models loses to a rule that needs no training.")
    return "\n".join(f"- {line}" for line in lines)


def equal_terms(runs: Sequence[Run]) -> str:
    """Equal units beside equal parameters, with a bootstrap interval of the median."""
    rows = []
    for cell in CELLS:
        for label, model in (
            ("equal units", f"textbook-memory-{cell}"),
            ("equal parameters", EQUAL_PARAMETERS[cell].name),
        ):
            found = _errors(runs, model, "fresh windows")
            parameters = next((str(run.numbers["parameters"]) for run in runs if run.key == model), "-")
            rows.append(
                (cell, label, parameters, _text(found), _interval(found), _failures(found),
                 _rules("memory", runs, model, "fresh windows"), _seconds(runs, model))
            )  # fmt: skip
    head = ("cell", "matched by", "parameters", "MSE: median [quartiles] (seeds)", "95 % of the median", "failures",
            "rule", "wall seconds: median")  # fmt: skip
    return table(head, rows)


def labs(runs: Sequence[Run]) -> str:
    """S2 and S3 over seeds: 10 units on raw input, float64 L-BFGS."""
    rows = []
    for study, of in (("S2", "LAB 10-1, its 20 test windows"), ("S3", "the comparison's 4 validation windows")):
        for cell in CELLS:
            key = f"{study}-{cell}"
            found = [run.numbers["test_mse"] for run in runs if run.key == key]
            rows.append((study, of, cell, _text(found), _interval(found), _failures(found), _seconds(runs, key)))
    head = ("", "MSE of", "cell", "median [quartiles] (seeds)", "95 % of the median", "failures",
            "wall seconds: median")  # fmt: skip
    return table(head, rows)


def _row(figure: Figure, errors: Sequence[float], runs: Sequence[Run]) -> tuple[str, ...]:
    parameters = {f"{run.numbers['parameters']:,}" for run in runs if run.key == figure.model}
    counts = f"{figure.parameters} = {', '.join(parameters) or 'not run'}"
    rules = _rules(figure.task, runs, figure.model, figure.test)
    plots = f"[loss]({figure.model}/1/loss.svg) [fit]({figure.model}/1/fit.svg)"
    return (figure.model, counts, figure.test, figure.error, _text(errors), _interval(errors), _failures(errors),
            rules, _seconds(runs, figure.model), plots)  # fmt: skip


def _rules(task: str, runs: Sequence[Run], model: str, test: str) -> str:
    # Runs of other seeds have other windows where these are drawn; the rules' errors hardly move.
    return next((beside.rules(task, _evaluation(run, test), beside.mse) for run in runs if run.key == model), "-")


def _seconds(runs: Sequence[Run], model: str) -> str:
    seconds = [run.numbers["seconds"] for run in runs if run.key == model]
    return f"{np.median(seconds):.1f}" if seconds else "-"


def _failures(errors: Sequence[float]) -> str:
    return str(summarise(errors).failures) if errors else "-"


def _errors(runs: Sequence[Run], model: str, test: str) -> list[float]:
    return [_evaluation(run, test).model.mse for run in runs if run.key == model]


def _evaluation(run: Run, test: str) -> Evaluation:
    evaluations = (Evaluation.model_validate(each) for each in run.numbers["evaluations"])
    return next(each for each in evaluations if each.name == test)


def _text(errors: Sequence[float]) -> str:
    if not errors:
        return "not run"
    found: Summary = summarise(errors)
    first, third = found.quartiles
    return f"{number(found.median)} [{number(first)}, {number(third)}] ({found.runs})"


def _interval(errors: Sequence[float]) -> str:
    if not errors:
        return "-"
    low, high = summarise(errors).interval
    return f"{number(low)} .. {number(high)}"


def _against(one: float, other: float) -> str:
    return f"{number(one)} against {number(other)}"


def _held(held: bool) -> str:
    return "**held**" if held else "**did not hold**"
