"""What worker processes do for an own series: train one candidate, judge one rival, write one model folder.

Imports TensorFlow inside the functions only, since the parent process names them and never runs them. Trained
candidates are kept, so that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from service.cards import Cell, ModelCard
from training.series import candidates
from training.series.candidates import Candidate
from training.series.judge import Entries, judge_rival
from training.series.panel import Panel
from training.series.splits import Split

if TYPE_CHECKING:
    from training.trainer import Progress

Report = Callable[["Progress"], None]
# Changed with anything in this folder that changes what a candidate becomes.
_EDITION = 1


@dataclass(frozen=True, slots=True)
class Assignment:
    """All that a run is about; ``folder`` keeps what is finished, ``out`` takes the models."""

    name: str
    source: str
    panel: Panel
    split: Split
    season: int | None
    seed: int
    steps: int | None
    cells: tuple[Cell, ...]
    folder: Path
    out: Path

    @property
    def digest(self) -> str:
        """Twelve hex digits of everything that determines the weights."""
        settings = [_EDITION, self.panel.sha256, self.split.horizon, self.split.holdout, self.season, self.steps]
        return hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:12]

    def stored(self, candidate: Candidate, *, again: bool = False) -> Path:
        """Where a trained candidate is kept; ``again`` when it was trained on the validation part too."""
        return self.folder / self.digest / f"{candidate.key}{'-again' if again else ''}.npz"

    def grid(self) -> list[Candidate]:
        """The candidates to begin with."""
        lengths = candidates.lengths_for(self.panel, self.split, self.season)
        return list(candidates.grid(self.cells, lengths, candidates.units_for(self.panel, self.split), self.seed))

    def best(self, cell: Cell, tried: Sequence[Candidate]) -> Candidate:
        """The stored candidate of a cell that did best on the validation origins."""
        return min((each for each in tried if each.cell == cell), key=self.score)

    def score(self, candidate: Candidate) -> float:
        """A stored candidate's MASE on the validation origins."""
        with np.load(self.stored(candidate), allow_pickle=False) as found:
            return float(found["numbers"][0])


def train_candidate(work: Assignment, candidate: Candidate, again: bool, report: Report) -> None:
    """Train one candidate and keep it; ``again`` on training and validation parts together, when it was chosen."""
    from training.series import fitting

    recipe = candidates.recipe_of(work.name, candidate, work.panel, work.split, work.steps)
    chosen = fitting.Fitted.load(work.stored(candidate), candidate) if again else None
    fitted = fitting.fit(recipe, candidate, work.panel, work.split, work.season, report, chosen)
    fitted.save(work.stored(candidate, again=again))


def judge(work: Assignment, rival: str, _: Report) -> Entries:
    """One rival's errors on the hold-out."""
    return judge_rival(rival, work.panel, work.split, work.season)


def write(work: Assignment, best: Candidate, others: dict[str, Entries], _: Report) -> ModelCard:
    """The model folder of a stored candidate and its restarts."""
    from training.series import fitting, folder

    members = list(candidates.members(best))
    chosen = [fitting.Fitted.load(work.stored(each), each) for each in members]
    again = [fitting.Fitted.load(work.stored(each, again=True), each) for each in members]
    recipe = candidates.recipe_of(work.name, best, work.panel, work.split, work.steps, len(members))
    return folder.write(recipe, chosen, again, work.panel, work.split, work.season, others, work.source, work.out)
