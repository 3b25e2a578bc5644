"""A line of the table of targets, and a target that judges values; knows none of the targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from service.cards import Cell
from training.markdown import number
from training.recipes import CELLS

TRAIN = "`python -m training train --jobs 2`"
TIMED, EVALUATE, REPRODUCE, REPORT = (
    f"`python -m benchmarks.accuracy {command}`"
    for command in ("train --jobs 2", "evaluate --jobs 2", "reproduce --jobs 2", "report")
)
NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    measure: str
    target: str
    reached: str
    verdict: str
    command: str


@dataclass(frozen=True, slots=True)
class Target:
    """A measure with one value a cell, and the limits that each must keep; ``larger`` values are better if so said."""

    name: str
    measure: str
    goal: Mapping[Cell, float]
    beyond: Mapping[Cell, float]
    command: str
    larger: bool = False

    def row(self, values: Mapping[Cell, float | None], note: str = "") -> Row:
        """The line for these values; None where nothing was run."""
        reached = ", ".join(f"{cell} {NOT_RUN if value is None else number(value)}" for cell, value in values.items())
        return Row(self.name, self.measure, self._target(), f"{reached}{note}", self._verdict(values), self.command)

    def _target(self) -> str:
        sign = ">=" if self.larger else "<="
        goal, beyond = (
            ", ".join(dict.fromkeys(number(limits[cell]) for cell in CELLS if np.isfinite(limits[cell])))
            for limits in (self.goal, self.beyond)
        )
        return f"{sign} {goal} (beyond: {beyond})"

    def _verdict(self, values: Mapping[Cell, float | None]) -> str:
        known = {cell: value for cell, value in values.items() if value is not None}
        if len(known) < len(values):
            return NOT_RUN
        sign = -1.0 if self.larger else 1.0
        short = [cell for cell, value in known.items() if sign * value > sign * self.goal[cell]]
        if short:
            return f"**falls short: {', '.join(short)}**"
        past = [cell for cell, value in known.items() if sign * value <= sign * self.beyond[cell]]
        return "goal met" + (f"; beyond: {', '.join(past)}" if past else "")
