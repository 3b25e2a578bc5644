"""Which networks are tried on a data set: cells, sizes, context lengths and restarts. Pure.

Every candidate is trained from several seeds, and its members become one network (:mod:`training.series.merging`); of
each cell the size and length whose network does best on the validation origins is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from service.cards import Cell
from training.general.recipes import TASK
from training.recipes import Recipe, Stage
from training.series.panel import Panel
from training.series.splits import Split

BATCH, CHUNK, RATE, FINAL_RATE = 32, 25, 4e-3, 1e-4
UPDATES, MORE_UPDATES = 1_500, 3_000
# Values to train on below which members have 8 units, and from which there is more to learn than 1,500 updates take up.
FEW, MANY = 1_000, 5_000
# Units of a whole network: four members of 8, or two of 16.
MOST_UNITS = 32
_LENGTHS, _LONGEST = (32, 64), 192
# What the model is called that a published general one became: NAME-general.
GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Members of ``units`` in one recurrent layer that read the last ``length`` values, from ``seed`` and the next."""

    cell: Cell
    units: int
    length: int
    seed: int

    @property
    def key(self) -> str:
        """A name for files and progress bars."""
        return f"{self.cell}-{self.units}x{self.length}-{self.seed}"


@dataclass(frozen=True, slots=True)
class Start:
    """The published general model of a ``cell``, which is trained on; what is drawn for that hangs on ``seed``.

    With ``covariates`` it forecasts what their effects leave.
    """

    cell: Cell
    seed: int
    covariates: bool = False

    @property
    def published(self) -> str:
        """The name of the published model."""
        return f"{TASK}-{self.cell}"

    @property
    def key(self) -> str:
        """A name for files and progress bars."""
        return f"{self.published}-{self.seed}" + ("-covariates" if self.covariates else "")


def grid(cells: Sequence[Cell], lengths: Sequence[int], units: Sequence[int], seed: int) -> Iterator[Candidate]:
    """Every cell with every size and length."""
    for cell in cells:
        for length in lengths:
            for size in units:
                yield Candidate(cell, size, length, seed)


def seeds(candidate: Candidate) -> list[int]:
    """Seeds of as many members as fit into one network of 32 units, the candidate's own first."""
    return [candidate.seed + further for further in range(max(1, MOST_UNITS // candidate.units))]


def lengths_for(panel: Panel, split: Split, season: int | None) -> tuple[int, ...]:
    """Context lengths to try: two seasons and four or more, as far as the usual series is long enough."""
    trained = int(np.median([split.ends(len(each.values))[0] for each in panel.series]))
    most = max(8, min(_LONGEST, (trained - split.horizon) // 2))
    wanted = _LENGTHS if season is None else (max(_LENGTHS[0], 2 * season), max(_LENGTHS[1], 4 * season))
    return tuple(sorted({min(length, most) for length in wanted}))


def units_for(panel: Panel, split: Split) -> tuple[int, ...]:
    """Sizes of members to try: small data cannot tell a large network from a lucky one."""
    trained = sum(split.ends(len(each.values))[0] for each in panel.series)
    return (8,) if trained < FEW else (16,) if trained < MANY else (16, 32)


def recipe_of(
    name: str, candidate: Candidate, panel: Panel, split: Split, steps: int | None, merged: int = 1
) -> Recipe:
    """A candidate as the recipe that the builder, the optimizer and the card read.

    ``steps`` caps its updates; ``merged`` is the number of members that its network has.
    """
    trained = sum(split.ends(len(each.values))[0] for each in panel.series)
    updates = UPDATES if trained < MANY else MORE_UPDATES
    if steps is not None:
        updates = min(steps, updates)
    chunk = min(CHUNK, updates)
    stage = Stage(
        updates - updates % chunk,
        BATCH,
        RATE,
        FINAL_RATE,
        chunk,
        timesteps=candidate.length,
        horizon=split.horizon,
    )
    units = (merged * candidate.units,)
    return Recipe(f"{name}-{candidate.cell}", name, candidate.cell, "own", units, (stage,), family="own")
