"""What worker processes do for an own series: train one candidate, judge one rival, write one model folder.

Imports TensorFlow inside the functions only, since the parent process names them and never runs them. Trained
candidates are kept, and what is ready of others, so that a run that was stopped or killed goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from service.cards import Cell, JudgedEntry
from training.progress import Report
from training.series import candidates, chance, storing
from training.series.candidates import Candidate, Start
from training.series.judge import Record, Records, judge_rival
from training.series.panel import Panel, SeriesError
from training.series.rivals import FAILURES, OPTIONAL
from training.series.splits import Split
from training.series.tuned import Tuned
from training.series.validating import chosen_by

if TYPE_CHECKING:
    from training.series.fitting import Team
    from training.series.folder import Written

# Changed with anything in this folder that changes what a candidate becomes.
_EDITION = 4


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

    def stored(self, candidate: Candidate | Start) -> Path:
        """Where a trained candidate is kept."""
        return self.folder / self.digest / f"{candidate.key}.npz"

    def judged(self, rival: str) -> Path:
        """Where a rival's record is kept."""
        return self.folder / self.digest / f"{re.sub(r'[^a-zA-Z0-9]+', '-', rival)}.record.npz"

    def grid(self) -> list[Candidate]:
        """The candidates to begin with."""
        lengths = candidates.lengths_for(self.panel, self.split, self.season)
        return list(candidates.grid(self.cells, lengths, candidates.units_for(self.panel, self.split), self.seed))

    def best(self, tried: Sequence[Candidate] | Sequence[Start]) -> Candidate | Start:
        """The stored one of some candidates that did best on the validation origins."""
        return min(tried, key=self.score)

    def starts(self) -> list[Start]:
        """The published general networks that are trained on."""
        found = [Start(cell, self.seed) for cell in self.cells]
        if self.panel.covariates is None:
            return found
        return [*(replace(each, covariates=True) for each in found), *found]

    def score(self, candidate: Candidate | Start) -> float:
        """A stored candidate's MASE on the validation origins."""
        return float(storing.record(self.stored(candidate))["score"])

    def in_order(self, best: Mapping[str, Candidate | Start]) -> list[str]:
        """The names of the ``best`` of each kind, the one to be chosen first, then by their validation MASE.

        A network from nothing comes before one that began as a published model only where it is better there by more
        than chance: the same origins said when its training was to stop, in up to some hundred looks at each member.
        """
        ordered = sorted(best, key=lambda name: self.score(best[name]))
        general = next(name for name in ordered if isinstance(best[name], Start))
        if ordered[0] != general:
            mine, other = (
                np.array(storing.record(self.stored(best[name]))["errors"]) for name in (ordered[0], general)
            )
            if not chance.difference(mine, other, chosen_by(self.panel, self.split), self.split.horizon).sure:
                ordered.remove(general)
                return [general, *ordered]
        return ordered


def train_candidate(work: Assignment, candidate: Candidate | Start, report: Report) -> None:
    """Train one candidate and keep it; one that was begun goes on where it was."""
    from training.series import fitting, tuning

    about, parts = (work.panel, work.split, work.season), storing.Parts(work.stored(candidate).with_suffix(".parts"))
    if isinstance(candidate, Start):
        made: Tuned | Team = tuning.fit(candidate, *about, work.steps, report, parts)
    else:
        recipe = candidates.recipe_of(work.name, candidate, work.panel, work.split, work.steps)
        made = fitting.fit(recipe, candidate, candidates.seeds(candidate), *about, report, parts)
    made.save(work.stored(candidate))
    parts.remove()


def judge(work: Assignment, rival: str, _: Report) -> Record | str:
    """One rival's record on the hold-out, kept; or why it has none: statsforecast cannot fit every series."""
    try:
        found = judge_rival(rival, work.panel, work.split, work.season)
    except (SeriesError, *FAILURES) as error:
        if rival not in OPTIONAL:
            raise
        return error.detail if isinstance(error, SeriesError) else f"{type(error).__name__}: {error}"
    storing.save(work.judged(rival), [found.errors], {"entries": [each.model_dump() for each in found.entries]})
    return found


def record_of(work: Assignment, rival: str) -> Record:
    """What :func:`judge` kept."""
    (errors,), kept = storing.load(work.judged(rival))
    return Record(tuple(map(JudgedEntry.model_validate, kept["entries"])), errors)


def write(work: Assignment, name: str, candidate: Candidate | Start, others: Records, _: Report) -> Written:
    """The model folder ``name`` of a stored candidate."""
    from training.series import fitting, folder

    rest = (work.panel, work.split, work.season, others, work.source, work.out)
    if isinstance(candidate, Start):
        tuned = Tuned.load(work.stored(candidate))
        plain = work.stored(replace(candidate, covariates=False))
        twin = Tuned.load(plain) if candidate.covariates else None
        return folder.write_tuned(name, work.name, candidate, tuned, *rest, twin)
    members = len(candidates.seeds(candidate))
    recipe = candidates.recipe_of(work.name, candidate, work.panel, work.split, work.steps, members)
    team = fitting.Team.load(work.stored(candidate))
    return folder.write(recipe, candidate, team, *rest)
