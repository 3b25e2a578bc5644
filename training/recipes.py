"""What each published model is trained on and how: frozen recipes, one line a model; knows no library.

A recipe and a seed determine a model to the bit. The published nine share their data and stages within a task, and
their layers too but for one: cells differ in nothing but the cell, and ``linear-simplernn`` in more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from service.cards import Cell, Family
from service.inference.readings.pairs import Pairs
from service.inference.readings.reading import Reading
from service.inference.readings.series import Series
from service.inference.readings.windows import Windows

Task = Literal["linear", "sine", "memory"]
CELLS: tuple[Cell, ...] = get_args(Cell)
TASKS: tuple[Task, ...] = get_args(Task)
_PAIRS = Pairs(indices=(0, 5))
# How networks read the data of the slides, and that of the memory task; all else is a series.
_SLIDES: Mapping[str, Reading] = {
    "slide": Windows(window=3),
    "comparison": Windows(window=16),
    "sine-lab": Windows(window=10),
    "memory-lab": _PAIRS,
}
_READINGS: Mapping[str, Reading] = {**_SLIDES, "memory": _PAIRS}


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

    ``before`` and ``after`` are the units of tanh layers around the recurrent ``units``; a Dense(1) ends the
    network. ``data`` names a source in :mod:`training.data`. ``initial`` weights are Keras' own or
    :func:`training.architectures.start_as_averages`.
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
    optimizer: Literal["adam", "soap"] = "soap"
    clipnorm: float | None = 1.0

    @property
    def family(self) -> Family:
        """The slides' own models learn on fixed windows, raw."""
        return "textbook" if self.data in _SLIDES else "tuned"

    @property
    def reading(self) -> Reading:
        """How the network reads a sequence."""
        return _READINGS.get(self.data, Series())


def _epochs(count: int, chunk: int) -> tuple[Stage, ...]:
    # Keras' defaults, as on the slides: Adam at a constant 1e-3, batches of 32.
    return (Stage(count, 32, 1e-3, 1e-3, chunk),)


_SLIDE, _SINE_LAB, _MEMORY_LAB = _epochs(300, 50), _epochs(50, 10), _epochs(150, 25)

# Short sequences first: there a cell learns in seconds what it then only has to stretch.
_LINEAR = (
    Stage(1000, 256, 5e-3, 2e-3, 20, timesteps=24),
    Stage(2000, 128, 2e-3, 2e-3, 20, timesteps=80),
    Stage(4000, 64, 2e-3, 1e-5, 20, timesteps=200),
)
_SINE = (
    Stage(4000, 256, 5e-3, 1e-3, 20, timesteps=64),
    Stage(6000, 128, 1.5e-3, 1e-5, 20, timesteps=48, horizon=64),
)
# On short sequences an index shows its effect at once; later stages lengthen the memory.
_MEMORY = (
    Stage(1000, 512, 5e-3, 2e-3, 20, timesteps=4),
    Stage(1000, 256, 3e-3, 2e-3, 20, timesteps=16),
    Stage(2000, 256, 3e-3, 2e-3, 20, timesteps=40),
    Stage(8000, 128, 2e-3, 1e-5, 20, timesteps=128),
)
# The same updates, but no sequence longer than the lab's: what of it holds at four times the length? (S8's study)


def _published() -> Iterable[Recipe]:
    for cell in CELLS:
        line = Recipe(f"linear-{cell}", "linear", cell, "linear", (32,), _LINEAR, after=(16,))
        # A line's gain falls with the number of values seen. Gates learn that; a simple RNN has to be helped.
        yield replace(line, before=(16,), after=(32, 16), initial="averages") if cell == "simplernn" else line
        yield Recipe(f"sine-{cell}", "sine", cell, "sine", (32,), _SINE, after=(16,))
        yield Recipe(f"memory-{cell}", "memory", cell, "memory", (32,), _MEMORY, before=(16,), after=(16,))
    yield _textbook("linear-simplernn-20", "linear", "simplernn", "slide", (20,), _SLIDE)
    yield _textbook("linear-simplernn-256", "linear", "simplernn", "slide", (256,), _SLIDE)
    yield _textbook("linear-simplernn-4x34", "linear", "simplernn", "slide", (34, 34, 34, 34), _SLIDE)
    for cell in CELLS:
        yield _textbook(f"compare-{cell}", "linear", cell, "comparison", (10,), _SLIDE)
        yield _textbook(f"sine-{cell}", "sine", cell, "sine-lab", (10,), _SINE_LAB)
        yield _textbook(f"memory-{cell}", "memory", cell, "memory-lab", (10,), _MEMORY_LAB)


def _textbook(
    name: str, task: Task, cell: Cell, data: str, units: tuple[int, ...], stages: tuple[Stage, ...]
) -> Recipe:
    return Recipe(f"textbook-{name}", task, cell, data, units, stages, optimizer="adam", clipnorm=None)


PUBLISHED: Mapping[str, Recipe] = {recipe.name: recipe for recipe in _published()}


def shortened(recipe: Recipe, steps: int) -> Recipe:
    """The same recipe with at most ``steps`` updates (or epochs) a stage, in one chunk: for a quick trial."""
    stages = tuple(
        replace(stage, steps=min(steps, stage.steps), chunk=min(steps, stage.steps)) for stage in recipe.stages
    )
    return replace(recipe, stages=stages)
