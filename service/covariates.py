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

    @property
    def columns(self) -> bool:
        """Whether there is more than a start."""
        return bool(self.known or self.past or self.static)


class Beside(NamedTuple):
    """What stands beside ``each`` of some sequences; columns known ahead go on for ``ahead`` steps after them.

    Where a protocol knows no names they are ``ordered``: numbers before categories, each in the order of the model's
    card, what is known of a whole series behind what is known up to now. ``optional`` ones are left aside where the
    model takes none.
    """

    each: tuple[Covariates, ...]
    ahead: int
    ordered: bool = False
    optional: bool = False

    @property
    def columns(self) -> bool:
        """Whether there is more than a start beside any."""
        return any(one.columns for one in self.each)

    def of(self, rows: Iterable[int]) -> Beside:
        """That of some of the sequences."""
        return self._replace(each=tuple(self.each[row] for row in rows))
