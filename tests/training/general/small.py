"""A small recipe of the general series model for each cell, and a batch of questions, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from service.inference.finetuning.questions import Questions
from training.general.recipes import Plan, SeriesRecipe, Shape
from training.recipes import CELLS
from training.series.candidates import Start
from training.tasks.series.draw import pool
from training.tasks.series.questions import questions

SMALL = {
    cell: SeriesRecipe(
        f"series-{cell}", Shape(cell, 6, 8, 10, (0.1, 0.5, 0.9)), Plan(12, batch=8, origins=4, horizons=3)
    )
    for cell in CELLS
}


def untrained(start: Start) -> Any:
    """In the place of the published network that ``start`` names: a small one, the same each time."""
    import keras

    from training.general.network import build

    keras.utils.set_random_seed(0)
    return build(SMALL[start.cell].shape, start.published)


class Untrained:
    """In the place of what trains: weights that differ a little from those begun with."""

    def __init__(self, *_: Any) -> None: ...

    def steps(self, start: Any, _: int, __: Any, every: int, updates: int, begun: Any = None) -> Iterator[Any]:
        from training.general.tuning import Step

        for done in sorted({*range(every, updates + 1, every), updates}):
            yield Step(done, 1.0, [each + 0.01 for each in start], {})

    def state(self) -> list[Any]:
        return []


def batch(number: int = 0, count: int = 8) -> Questions:
    """Eight series of up to 32 values with four origins and three horizons each."""
    group = next(iter(pool(0, number, 200)))
    return questions(np.random.default_rng(number), group.part(slice(0, count)), 4, 3)
