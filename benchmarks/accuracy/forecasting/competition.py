"""A general model trained on for all series of a competition at once: the train part alone, then judged by the test.

The last horizon of every train part chooses, and what was chosen is trained once more with it. The test part is asked
for once, through the engine, of the folder that was written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.accuracy.forecasting import exam
from benchmarks.accuracy.forecasting.forecasters import Service
from benchmarks.accuracy.forecasting.scores import Score
from benchmarks.accuracy.forecasting.sets import SeriesSet
from service.cards import Cell, ModelCard
from service.inference.engine import Engine
from service.inference.repository import Repository
from training import jobs
from training.series import storing
from training.series.candidates import GENERAL, Start
from training.series.judge import judge_rival
from training.series.panel import OwnSeries, Panel
from training.series.rivals import rivals
from training.series.splits import Split
from training.series.tuned import Tuned

# What documents show.
COMPETITIONS = exam.SCORES.with_name("competitions.json")
# Values before the validated horizon below which a series is left out of training.
_LEAST = 4


@dataclass(frozen=True, slots=True)
class OfficialSplit(Split):
    """The last horizon of each series is the test, the horizon before it validates, and no part calibrates."""

    def ends(self, count: int) -> tuple[int, int, int]:
        """See :meth:`Split.ends`."""
        return count - 2 * self.horizon, count - self.horizon, count - self.horizon

    def describe(self) -> str:
        """See :meth:`Split.describe`."""
        return (
            "as in the competition: its train part trains, but for the last horizon, which chooses and is then trained "
            "on too, and its test part judges and chose nothing"
        )


@dataclass(frozen=True)
class Result:
    """What came of a set: the ``score`` on its test part, and how it came.

    ``start`` is the published model that was trained on, ``ways`` how, ``validation`` the MASE of each way where it was
    chosen; ``seconds`` the wall clock that training every start took, one after the other.
    """

    start: str
    ways: list[str]
    validation: dict[str, float]
    seconds: float
    score: Score


def panel_of(given: SeriesSet) -> Panel:
    """Whole series, the test part last; those too short to train and validate on are left out."""
    kept = [
        OwnSeries(each, np.concatenate((known, came)), np.zeros(len(known) + len(came), np.bool_))
        for each, known, came in zip(given.ids, given.known, given.came, strict=True)
        if len(known) >= given.horizon + _LEAST and len(came) == given.horizon
    ]
    return Panel(tuple(kept), ())


def run(
    given: SeriesSet,
    cells: Sequence[Cell],
    seed: int,
    steps: int | None,
    folder: Path,
    workers: int,
    console: Console,
) -> Result:
    """Train every start on ``given``, choose, write the model below ``folder`` and score it on the test part."""
    starts = [Start(cell, seed) for cell in cells]
    waiting = [jobs.Job(f"{given.name} {each.key}", train, (given, each, steps, folder)) for each in starts]
    jobs.run(waiting, workers, console)
    (card,) = jobs.run([jobs.Job(given.name, write, (given, starts, folder))], 1, console).values()
    service = Service(Engine(Repository(_models(folder, given)).catalog), card.name)
    (_, found) = exam.run([given], [service], folder, console, seconds=np.inf)
    recipe, seconds = (
        card.training.recipe,
        sum(storing.record(_kept(folder, given, each))["seconds"] for each in starts),
    )
    return Result(recipe["start"], recipe["ways"], recipe["ways_validation_mase"], round(seconds, 1), found)


def train(given: SeriesSet, start: Start, steps: int | None, folder: Path, report: Callable[[Any], None]) -> None:
    """Train ``start`` on; what an earlier run has kept is not trained again, and what it began goes on."""
    from training.series import tuning

    if not (path := _kept(folder, given, start)).is_file():
        parts = storing.Parts(path.with_suffix(".parts"))
        tuning.fit(start, *_about(given), steps, report, parts).save(path)
        parts.remove()


def write(given: SeriesSet, starts: Sequence[Start], folder: Path, _: Callable[[Any], None]) -> ModelCard:
    """Write the folder of the start that did best where it was validated; the only one that meets the test part."""
    from training.series.folder import write_tuned

    found = {each: Tuned.load(_kept(folder, given, each)) for each in starts}
    best = min(starts, key=lambda each: found[each].score)
    panel, split, season = _about(given)
    ruled = [name for name in rivals(season) if name.startswith("rule:")]
    others = {name: judge_rival(name, panel, split, season) for name in ruled}
    task, out = given.name.replace("_", "-"), _models(folder, given)
    rest = (panel, split, season, others, given.name, out)
    return write_tuned(f"{task}-{GENERAL}", task, best, found[best], *rest).card


def keep(file: Path, found: Result) -> None:
    """Put ``found`` into ``file`` in the place of what was found of its set before."""
    kept = {each.score.dataset: each for each in results(file)} | {found.score.dataset: found}
    file.write_text(json.dumps([asdict(each) for each in kept.values()], indent=1) + "\n")


def results(file: Path) -> list[Result]:
    """Those that are kept in ``file``."""
    rows: Iterable[dict[str, Any]] = json.loads(file.read_text()) if file.is_file() else []
    return [Result(**{**row, "score": Score(**row["score"])}) for row in rows]


def _about(given: SeriesSet) -> tuple[Panel, Split, int | None]:
    return panel_of(given), OfficialSplit(given.horizon), given.told if given.told > 1 else None


def _kept(folder: Path, given: SeriesSet, start: Start) -> Path:
    return folder / given.name / f"{start.key}.npz"


def _models(folder: Path, given: SeriesSet) -> Path:
    return folder / given.name / "models"
