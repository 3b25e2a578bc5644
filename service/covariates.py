"""What stands beside a sequence and helps to continue it: numbers and categories by name. Knows no model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

# A number, or a category by its name.
Cell = float | str


@dataclass(frozen=True, slots=True)
class Covariates:
    """Columns beside one sequence, oldest first.

    ``known`` ahead, as prices are: one entry for each value of the sequence and each step of the horizon; ``past`` as
    far as the sequence goes; ``static`` one entry for all of it; ``start`` the wall clock's time of its first value in
    ISO 8601, from which calendars are read.
    """

    known: dict[str, list[Cell]] = field(default_factory=dict)
    past: dict[str, list[Cell]] = field(default_factory=dict)
    static: dict[str, Cell] = field(default_factory=dict)
    start: str | None = None


class Beside(NamedTuple):
    """What stands beside ``each`` of some sequences; columns known ahead go on for ``ahead`` steps after them."""

    each: tuple[Covariates, ...]
    ahead: int

    def of(self, rows: Iterable[int]) -> Beside:
        """That of some of the sequences."""
        return Beside(tuple(self.each[row] for row in rows), self.ahead)
