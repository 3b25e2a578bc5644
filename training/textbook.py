"""The lecture's own models and labs re-run as written (S1-S3): slide or notebook figure, ours, best rule, claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.cards import Evaluation
from training.markdown import number, table
from training.recipes import CELLS, EQUAL_PARAMETERS
from training.results import Run
from training.summary import Summary, summarise


class Figure(NamedTuple):
    """A row of the lecture: model, the test set that its figure is about, parameters and error as printed."""

    model: str
    test: str
    parameters: str
    error: str
    rule: str


# Parameter counts as on the slides; errors as measured from the course's own recipes (MSE).
FIGURES = (
    Figure("textbook-linear-simplernn-20", "slide", "461", "0.013-0.022", "drift"),
    Figure("textbook-linear-simplernn-256", "slide", "66,305", "1.4e-4", "drift"),
    Figure("textbook-linear-simplernn-4x34", "slide", "8,297", "5e-4", "drift"),
    Figure("textbook-compare-simplernn", "validation", "131", "0.44", "drift"),
    Figure("textbook-compare-lstm", "validation", "491", "0.58", "drift"),
    Figure("textbook-compare-gru", "validation", "401", "0.57", "drift"),
    Figure("textbook-sine-simplernn", "fresh windows", "131", "0.0025", "ar2"),
    Figure("textbook-sine-lstm", "fresh windows", "491", "0.219", "ar2"),
    Figure("textbook-sine-gru", "fresh windows", "401", "0.0242", "ar2"),
    Figure("textbook-memory-simplernn", "fresh windows", "141", "not run (mean)", "index_blind_mean"),
    Figure("textbook-memory-lstm", "fresh windows", "531", "not run (mean)", "index_blind_mean"),
    Figure("textbook-memory-gru", "fresh windows", "431", "not run (mean)", "index_blind_mean"),
)


def report(runs: Sequence[Run]) -> str:
    """The whole section as Markdown; rows without runs say so."""
    errors = {figure.model: _errors(runs, figure.model, figure.test) for figure in FIGURES}
    rows = [_row(figure, errors[figure.model], runs) for figure in FIGURES]
    head = (
        "model",
        "parameters: slide = ours",
        "MSE of",
        "course",
        "ours: median [quartiles] (seeds)",
        "rule",
        "plots",
    )
    parts = [table(head, rows), "### Which of the slides' claims held", claims(errors), "### Memory (LAB 10-2, mean)"]
    parts.append(equal_terms(runs))
    return "\n\n".join(parts)


def claims(errors: Mapping[str, Sequence[float]]) -> str:
    """The slides' claims in words, judged by medians over seeds."""
    medians = {model: summarise(found).median for model, found in errors.items() if found}
    if len(medians) < len(FIGURES):
        return "Not all of the lecture's models have been run yet."
    small, large, stack = (medians[f"textbook-linear-simplernn-{size}"] for size in ("20", "256", "4x34"))
    memory = {cell: medians[f"textbook-memory-{cell}"] for cell in CELLS}
    lines = [
        f"256 units predict better than 20: {_held(large < small)} ({_against(large, small)}).",
        f"The 4 x 34 stack is far better than 20 units: {_held(stack < 0.2 * small)} ({number(stack)}).",
        f"It is a little worse than 256 units: {_held(large < stack < 10 * large)} ({_against(stack, large)}).",
    ]
    for cell in ("lstm", "gru"):
        better = memory[cell] < memory["simplernn"]
        lines.append(
            f"The {cell.upper()} remembers better than the simple RNN, trained as in the lab: {_held(better)} "
            f"({_against(memory[cell], memory['simplernn'])}; index-blind mean 0.0072)."
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
            rows.append((cell, label, parameters, _text(found), _interval(found)))
    return table(("cell", "matched by", "parameters", "MSE: median [quartiles] (seeds)", "95 % of the median"), rows)


def _row(figure: Figure, errors: Sequence[float], runs: Sequence[Run]) -> tuple[str, ...]:
    scores = [_evaluation(run, figure.test) for run in runs if run.key == figure.model]
    parameters = {f"{run.numbers['parameters']:,}" for run in runs if run.key == figure.model}
    counts = f"{figure.parameters} = {', '.join(parameters) or 'not run'}"
    rule = f"{figure.rule} {number(scores[0].rules[figure.rule].mse)}" if scores else figure.rule
    plots = f"[loss]({figure.model}/1/loss.svg) [fit]({figure.model}/1/fit.svg)"
    return (figure.model, counts, figure.test, figure.error, _text(errors), rule, plots)


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
