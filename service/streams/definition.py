"""What a stream was asked to be, and which of its values an answer reads. Pure.

An answer from all that ever came would go wrong: a scale that is a mean over everything no longer follows a change. So
each value is answered as ``/predict`` answers its context, which begins anew every ``window`` values and has between
one and two windows of them, once there are so many.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import orjson

# Names of streams: what a path can hold without being encoded.
NAME = r"^[A-Za-z0-9_~:@-][A-Za-z0-9._~:@-]{0,127}$"
SHORTEST_WINDOW, LONGEST_WINDOW = 64, 2048


@dataclass(frozen=True, slots=True)
class Definition:
    """``season`` in steps, none, one or two; ``levels`` in percent; ``flag_rate`` and ``drift`` shares, or None.

    ``model`` and ``version`` are None where they were not asked for.
    """

    model: str | None
    version: str | None
    season: tuple[int, ...]
    window: int
    levels: tuple[float, ...]
    flag_rate: float | None
    drift: float | None

    def packed(self) -> str:
        """As JSON."""
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def unpacked(cls, packed: str) -> Self:
        """What was packed."""
        found: dict[str, Any] = orjson.loads(packed)
        return cls(**{**found, "season": tuple(found["season"]), "levels": tuple(found["levels"])})

    def pinned(self, model: str, version: str) -> Self:
        """The same with that model and version."""
        return replace(self, model=model, version=version)

    def start(self, seq: int) -> int:
        """The number of the first value that the answer to the value number ``seq`` reads."""
        return max(0, (seq // self.window - 1) * self.window)

    @property
    def kept(self) -> int:
        """How many of the last values stay on record, at the least."""
        return 2 * self.window
