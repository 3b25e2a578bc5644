"""What an answer claimed, number by number, so that it can be held against what really came. Pure.

Whoever wrote a stored answer reads its claims: see :data:`Reader`. Knows no form of an answer, and no database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Claim:
    """One number of an answer: ``step`` 1 is the value right after the sequence, or a memory model's answer.

    ``rule_value`` is what the best simple rule said instead, where one is known. ``scale`` is the mean absolute
    difference of the posted sequence, the unit of MASE; None where there is none. ``intervals`` are lower and upper
    bounds by the level in percent, in its shortest form ("80", "97.5").
    """

    model: str  # "sine-gru/1", "rule:drift"
    sequence: int
    step: int
    value: float
    scale: float | None
    rule: str | None = None
    rule_value: float | None = None
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claims:
    """All claims of one answer and its shape: so many ``sequences`` (None: one, not in a list), ``steps`` each."""

    numbers: tuple[Claim, ...]
    sequences: int | None
    steps: int | None  # None: one value, not in a list


# The claims of an answer, from the bodies of its request and of itself, by whatever release they were written.
Reader: TypeAlias = Callable[[bytes, bytes], Claims]
Readers: TypeAlias = Mapping[str, Reader]  # by endpoint
