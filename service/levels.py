"""Levels of intervals in percent: the usual ones, and how a number becomes a name in JSON. Knows nothing else."""

from __future__ import annotations

from functools import lru_cache

# Those of an answer where none are asked for, and those of every report.
LEVELS = (80.0, 90.0, 95.0)


@lru_cache(1024)
def written(number: float) -> str:
    """``number`` as short as it can be written: 80.0 is "80", 97.5 "97.5", 0.1 "0.1"."""
    return repr(number).removesuffix(".0")


NAMES = tuple(map(written, LEVELS))
