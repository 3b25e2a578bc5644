"""What a model is trained on and how, one record a model; knows no task and no library.

A recipe and a seed determine a model to the bit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from service.cards import Cell, Family
from service.inference.readings.reading import Reading
from service.inference.readings.series import Series

CELLS: tuple[Cell, ...] = get_args(Cell)
# What cards call them.
OPTIMIZERS = {"adam": "Adam", "soap": "SOAP (Adam in the eigenbasis of Shampoo's preconditioner)"}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of training, over which the learning rate falls by half a cosine.

    ``steps`` updates in ``chunk``s of one compiled call each; on a fixed data set ``steps`` counts epochs.
    ``timesteps`` is the length of the sequences that are drawn; ``horizon`` > 0 adds that many free-running
    steps to the loss.
    """

    steps: int
    batch: int
    rate: float
    final_rate: float
    chunk: int
    timesteps: int = 0
    horizon: int = 0

    def __post_init__(self) -> None:
        if self.steps % self.chunk:
            raise ValueError(f"{self.steps} steps cannot be cut into chunks of {self.chunk}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A model's name, data, layers and training.

    ``task`` is what the card calls it, ``data`` the name of the :class:`training.tasks.task.Task` that is drawn from.
    ``before`` and ``after`` are the units of tanh layers around the recurrent ``units``; a Dense(1) ends the network.
    ``initial`` weights are Keras' own or :func:`training.architectures.start_as_averages`. A GRU's ``reset`` gate comes
    after the recurrent product, as in Keras, or before it, as on the lecture's slide.
    """

    name: str
    task: str
    cell: Cell
    data: str
    units: tuple[int, ...]
    stages: tuple[Stage, ...]
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    initial: Literal["keras", "averages"] = "keras"
    reset: Literal["after", "before"] = "after"
    optimizer: Literal["adam", "soap"] = "soap"
    clipnorm: float | None = 1.0
    reading: Reading = field(default_factory=Series)
    family: Family = "tuned"

    def settings(self) -> dict[str, Any]:
        """Everything but reading and family, which have places of their own on a card and go with the data."""
        return {name: value for name, value in asdict(self).items() if name not in ("reading", "family")}


def shortened(recipe: Recipe, steps: int) -> Recipe:
    """The same recipe with at most ``steps`` updates (or epochs) a stage, in one chunk: for a quick trial."""
    stages = tuple(
        replace(stage, steps=min(steps, stage.steps), chunk=min(steps, stage.steps)) for stage in recipe.stages
    )
    return replace(recipe, stages=stages)
