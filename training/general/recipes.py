"""What the general series models are trained on and how: one recipe for three cells of equal size; knows no library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from service.cards import Cell

TASK = "series"
# The levels that a network answers; others lie between them.
QUANTILES = (0.005, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.995)


@dataclass(frozen=True, slots=True)
class Shape:
    """Units of the encoder's dense layer, of each recurrent layer, and of the head; and the quantiles answered."""

    cell: Cell
    dense: int
    units: int
    head: int
    quantiles: tuple[float, ...] = QUANTILES


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast: ``updates`` of ``batch`` series, peak learning ``rate``, questions for each series.

    The rate rises over the share ``warmup`` of the updates and falls by half a cosine over the rest.
    """

    updates: int
    rate: float = 3e-3
    batch: int = 64
    origins: int = 16
    horizons: int = 10
    warmup: float = 0.02


@dataclass(frozen=True, slots=True)
class SeriesRecipe:
    """A general series model: its name, the shape of its network and its training."""

    name: str
    shape: Shape
    plan: Plan
    task: str = TASK

    @property
    def cell(self) -> Cell:
        """The kind of its recurrent layers."""
        return self.shape.cell

    def shortened(self, updates: int) -> SeriesRecipe:
        """The same recipe with at most ``updates``: for a quick trial."""
        return replace(self, plan=replace(self.plan, updates=min(updates, self.plan.updates)))


# Units that make the three cells of equal size, about 66,800 parameters each.
_SHAPES = (Shape("gru", 64, 64, 64), Shape("lstm", 64, 55, 64), Shape("simplernn", 64, 111, 64))

# The GRU is the one that answers; the others show what a cell is worth, from fewer updates.
_UPDATES: Mapping[Cell, int] = {"gru": 13_000, "lstm": 3_000, "simplernn": 2_000}

RECIPES: Mapping[str, SeriesRecipe] = {
    f"{TASK}-{shape.cell}": SeriesRecipe(f"{TASK}-{shape.cell}", shape, Plan(_UPDATES[shape.cell])) for shape in _SHAPES
}
