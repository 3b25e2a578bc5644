"""Which networks are tried on a data set: cells, sizes, context lengths and restarts. Pure.

A cell's sizes and lengths are tried once each; the best on the validation origins is then restarted from other seeds,
and it and its restarts become one network (:mod:`training.series.merging`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from service.cards import Cell
from training.recipes import Recipe, Stage
from training.series.panel import Panel
from training.series.splits import Split

BATCH, CHUNK, RATE, FINAL_RATE = 32, 25, 4e-3, 1e-4
UPDATES, MORE_UPDATES = 1_500, 3_000
# Values to train on from which there is more to learn than 1,500 updates take up.
MANY = 5_000
# Units of a whole network: four members of 8, or two of 16.
MOST_UNITS = 32
_LENGTHS, _LONGEST = (32, 64), 192


@dataclass(frozen=True, slots=True)
class Candidate:
    """One network to train: ``units`` of one recurrent layer, read over the last ``length`` values, from ``seed``."""

    cell: Cell
    units: int
    length: int
    seed: int

    @property
    def key(self) -> str:
        """A name for files and progress bars."""
        return f"{self.cell}-{self.units}x{self.length}-{self.seed}"


def grid(cells: Sequence[Cell], lengths: Sequence[int], units: Sequence[int], seed: int) -> Iterator[Candidate]:
    """Every cell with every size and length."""
    for cell in cells:
        for length in lengths:
            for size in units:
                yield Candidate(cell, size, length, seed)


def members(best: Candidate) -> Iterator[Candidate]:
    """The same network from as many seeds as fit into one of 32 units, the best's own first."""
    for further in range(max(1, MOST_UNITS // best.units)):
        yield Candidate(best.cell, best.units, best.length, best.seed + further)


def lengths_for(panel: Panel, split: Split, season: int | None) -> tuple[int, ...]:
    """Context lengths to try: two seasons and four or more, as far as the usual series is long enough."""
    trained = int(np.median([split.ends(len(each.values))[0] for each in panel.series]))
    most = max(8, min(_LONGEST, (trained - split.horizon) // 2))
    wanted = _LENGTHS if season is None else (max(_LENGTHS[0], 2 * season), max(_LENGTHS[1], 4 * season))
    return tuple(sorted({min(length, most) for length in wanted}))


def units_for(panel: Panel, split: Split) -> tuple[int, ...]:
    """Sizes to try: small data cannot tell a large network from a lucky one."""
    trained = sum(split.ends(len(each.values))[0] for each in panel.series)
    return (8, 16) if trained < MANY // 10 else (16, 32)


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
    return Recipe(f"{name}-{candidate.cell}", name, candidate.cell, "series", (merged * candidate.units,), (stage,))
