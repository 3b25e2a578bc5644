"""Renders models/RESULTS.md with its plots, and the READMEs' table of models, from cards and stored runs.

Computes no score of its own but those that say so (coverage by noise, error against noise); trains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.accuracy import beside, figures, lecture, run_store, targets
from benchmarks.accuracy.run_store import Run
from benchmarks.accuracy.studies import TASKS
from benchmarks.accuracy.summary import summarise
from service.cards import Evaluation
from service.errors import UnrollError
from service.folders import ModelFolder, read_folder
from training import plots
from training.markdown import number, replaced, table
from training.recipes import CELLS
from training.registry import PUBLISHED

RESULTS, PLOTS, MARK = "RESULTS.md", "plots", "models"
# What was tried on the way, in words: the only part that is written by hand.
NOTES = Path(__file__).with_name("notes.md")


_PREFACE = (
    "Written by `python -m benchmarks.accuracy report` from the models' cards and from stored runs; only the notes at "
    "the end are written by hand. "
    "Errors are those of the served form on test sets of 10,000 sequences from generators of their own. {packages}."
)


class ReportError(UnrollError):
    """The report has nothing to report on, or nowhere to go."""

    code = "report"


def write(models: Path, runs_folder: Path, readmes: Sequence[Path]) -> list[Path]:
    """Write ``RESULTS.md`` and its plots below ``models`` and the table into ``readmes``; the files written.

    Raises:
        ReportError: a published model is missing, or a README or its markers are.
    """
    folders = read_published(models)
    runs = list(run_store.runs(runs_folder))
    written = [models / RESULTS]
    (models / PLOTS).mkdir(exist_ok=True)
    for name, drawn in drawings(folders, runs).items():
        path = models / PLOTS / f"{name}.svg"
        path.write_bytes(plots.svg(drawn))
        written.append(path)
    (models / RESULTS).write_text(render(folders, runs))
    for readme in readmes:
        if not readme.is_file():
            raise ReportError(f"{RESULTS} is written, but there is no {readme.name} to put the model table into")
        text = replaced(readme.read_text(), MARK, short_table(folders))
        if text is None:
            raise ReportError(f"{RESULTS} is written, but {readme.name} lacks the markers of the model table")
        readme.write_text(text)
    return [*written, *readmes]


def read_published(models: Path) -> dict[str, ModelFolder]:
    """All published model folders by name.

    Raises:
        ReportError: one is missing.
        ModelRejected: one is damaged.
    """
    missing = [name for name in PUBLISHED if not (models / name / "1").is_dir()]
    if missing:
        raise ReportError(f"not trained yet: {', '.join(missing)}; run `python -m training train`")
    return {name: read_folder(models / name / "1") for name in PUBLISHED}


def drawings(folders: Mapping[str, ModelFolder], runs: Sequence[Run]) -> dict[str, Figure]:
    """The plots by file name."""
    drawn: dict[str, Callable[[], Figure]] = {
        "errors": lambda: figures.errors_over_seeds(_headlines(folders, runs)),
        "memory": lambda: figures.memory_by_length(folders),
        "free-running": lambda: figures.free_running(folders),
        "noise": lambda: figures.sine_by_noise(folders),
    }
    return {name: draw() for name, draw in drawn.items()}


def render(folders: Mapping[str, ModelFolder], runs: Sequence[Run]) -> str:
    """RESULTS.md."""
    rows = [
        (row.name, row.measure, row.target, row.reached, row.verdict, row.command)
        for row in targets.rows(folders, runs)
    ]
    packages_used = next(iter(folders.values())).card.training.packages
    packages = ", ".join(f"{name} {version}" for name, version in packages_used.items())
    parts = [
        "# Results",
        _PREFACE.format(packages=packages),
        "## Targets",
        table(("", "measure", "target", "reached", "verdict", "how measured"), rows),
        "## Published models",
        model_table(folders),
        "## Over seeds",
        over_seeds(folders, runs),
        *(f"![{name}]({PLOTS}/{name}.svg)" for name in ("errors", "memory", "free-running", "noise")),
        "## The lecture's own models, as written",
        lecture.report(runs),
        NOTES.read_text().strip(),
    ]
    return "\n\n".join(parts) + "\n"


def short_table(folders: Mapping[str, ModelFolder]) -> str:
    """The published nine: mean absolute error on clean sequences and under noise, beside the best rule's."""
    rows = []
    for name in _nine():
        card = folders[name].card
        found = {each.name: each for each in card.evaluations}
        told = [found.get(kind) for kind in ("noise", "free-running")]
        cells = [_beside_rule(each) if each else "" for each in (card.evaluations[0], *told)]
        rows.append((f"`{name}`", f"{card.parameters:,}", *cells))
    return table(("model", "parameters", "clean", "with noise", "free-running"), rows)


def _beside_rule(each: Evaluation) -> str:
    return f"{number(each.model.mae)} ({beside.named(*beside.best(each, beside.mae))})"


def model_table(folders: Mapping[str, ModelFolder]) -> str:
    """Every model's error on each kind of test beside the best rule's.

    The skill is that against the best of the rules that could fool a user, ``1 - MSE / MSE``.
    """
    rows = []
    for name, folder in folders.items():
        for each in folder.card.evaluations:
            unit = "" if each.unit == "1" else f" / {each.unit}"
            rule, error = beside.fooling(folder.card.task, each, beside.mse)
            rows.append(
                (f"`{name}`", f"{folder.card.parameters:,}", each.name, f"{number(each.model.mae)}{unit}",
                 beside.named(*beside.best(each, beside.mae)), number(each.model.mse), beside.named(rule, error),
                 beside.skill(each.model.mse, error))
            )  # fmt: skip
    head = (
        "model",
        "parameters",
        "test set",
        "mean absolute error",
        "best rule's",
        "MSE",
        "fooling rule's MSE",
        "skill",
    )
    return table(head, rows)


def over_seeds(folders: Mapping[str, ModelFolder], runs: Sequence[Run]) -> str:
    """Headline MSE of the published nine over seeds, with what a rule scores and what a run costs."""
    rows = []
    for name, errors in _headlines(folders, runs).items():
        found, card = summarise(errors), folders[name].card
        (first, third), (low, high) = found.quartiles, found.interval
        rows.append(
            (name, f"{card.parameters:,}", str(found.runs), number(found.median), f"{number(first)} .. {number(third)}",
             f"{number(low)} .. {number(high)}", str(found.failures),
             beside.rules(card.task, card.evaluations[0], beside.mse), f"{card.training.seconds:.0f}")
        )  # fmt: skip
    head = ("model", "parameters", "seeds", "headline MSE: median", "quartiles", "95 % of the median (bootstrap)",
            "failures", "rules' MSE", "wall seconds of the published")  # fmt: skip
    return table(head, rows)


def _headlines(folders: Mapping[str, ModelFolder], runs: Sequence[Run]) -> dict[str, list[float]]:
    return {
        name: [
            folders[name].card.evaluations[0].model.mse,
            *(run.numbers["evaluations"][0]["model"]["mse"] for run in _further(name, folders, runs)),
        ]
        for name in _nine()
    }


def _nine() -> list[str]:
    return [f"{task}-{cell}" for task in TASKS for cell in CELLS]


def _further(name: str, folders: Mapping[str, ModelFolder], runs: Sequence[Run]) -> list[Run]:
    # The published model is itself a run; a stored run of its seed would count it twice, and one of another recipe not.
    card = folders[name].card
    made_so = run_store.fingerprint(PUBLISHED[name], card.evaluations[0].sequences)
    return [run for run in runs if (run.key, run.fingerprint) == (name, made_so) and run.seed != card.training.seed]
