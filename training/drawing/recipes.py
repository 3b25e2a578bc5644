"""What the models that draw are trained on and how, one record a model; knows no library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from service.cards import Cell
from service.inference.images import PIXELS
from training.tasks.drawing import NAME
from training.text.recipes import Plan


@dataclass(frozen=True, slots=True)
class DrawingRecipe:
    """A model that draws: its name and cell, the ``units`` that read, and its training."""

    name: str
    cell: Cell
    units: int
    plan: Plan

    @property
    def task(self) -> str:
        """The name of what is drawn."""
        return NAME

    @property
    def layers(self) -> list[str]:
        """What the network is made of, in words."""
        return [f"{self.cell}({self.units})", f"Dense({PIXELS})"]

    def shortened(self, updates: int) -> DrawingRecipe:
        """The same recipe with at most ``updates``: for a quick trial."""
        return replace(self, plan=replace(self.plan, updates=min(updates, self.plan.updates)))


RECIPES: Mapping[str, DrawingRecipe] = {f"{NAME}-gru": DrawingRecipe(f"{NAME}-gru", "gru", 32, Plan(6000, 5e-3))}
