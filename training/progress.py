"""How far a training is, as whoever trains tells it; knows no framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """Updates done, or examples learnt from, of how many, and the mean loss since it was told before."""

    done: int
    total: int
    loss: float


Report = Callable[[Progress], None]


def untold(_: Progress) -> None:
    """For who wants to know nothing."""
