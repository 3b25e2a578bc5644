"""What the models that write are trained on and how, one record a model; knows no library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from service.cards import Cell
from training.recipes import CELLS
from training.tasks.captions import English, Korean
from training.tasks.dates import Dates
from training.tasks.recall import Recall
from training.tasks.written import WritingTask


@dataclass(frozen=True, slots=True)
class Plan:
    """``updates`` of ``batch`` examples at a learning rate that falls from ``rate`` by half a cosine to nothing."""

    updates: int
    rate: float
    batch: int = 64


@dataclass(frozen=True, slots=True)
class WritingRecipe:
    """A model that writes: its name, task and cell, the ``units`` of encoder and decoder, and its training.

    ``chrono`` is the number of steps up to which the encoder's gates remember when it begins to learn (Tallec and
    Ollivier 2018); 0 for Keras' own beginning.
    """

    name: str
    source: WritingTask
    cell: Cell
    units: int
    plan: Plan
    chrono: int = 0

    @property
    def task(self) -> str:
        """The name of what is drawn."""
        return self.source.name

    @property
    def layers(self) -> list[str]:
        """What the network is made of, in words."""
        recurrent = f"{self.cell}({self.units})"
        return [recurrent, recurrent, f"Dense({self.units})", f"Dense({self.source.symbols})"]

    def shortened(self, updates: int) -> WritingRecipe:
        """The same recipe with at most ``updates``: for a quick trial."""
        return replace(self, plan=replace(self.plan, updates=min(updates, self.plan.updates)))


# Units that make the three cells of equal size, about 44,000 weights each.
_UNITS: Mapping[Cell, int] = {"simplernn": 96, "lstm": 56, "gru": 64}
_UPDATES = 2000
_DATES = Dates()
# As in the lecture's story the cells differ in nothing but themselves; a simple RNN has no gates to begin with.
_RECALL, _RECALL_UNITS, _RECALL_UPDATES, _LONGEST = Recall(), 32, 1500, 120


# A few hundred images are soon known by heart: a small network, and many ways to bend them.
_CAPTIONS, _CAPTION_UNITS, _CAPTION_UPDATES = (English(), Korean()), 48, 4000


def _recipes() -> Iterator[WritingRecipe]:
    for task in _CAPTIONS:
        yield WritingRecipe(f"{task.name}-gru", task, "gru", _CAPTION_UNITS, Plan(_CAPTION_UPDATES, 3e-3))
    for cell in CELLS:
        yield WritingRecipe(f"{_DATES.name}-{cell}", _DATES, cell, _UNITS[cell], Plan(_UPDATES, 3e-3))
        plan = Plan(_RECALL_UPDATES, 3e-3)
        yield WritingRecipe(f"{_RECALL.name}-{cell}", _RECALL, cell, _RECALL_UNITS, plan, _LONGEST)


RECIPES: Mapping[str, WritingRecipe] = {recipe.name: recipe for recipe in _recipes()}
TASKS = sorted({recipe.task for recipe in RECIPES.values()})
