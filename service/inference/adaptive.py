"""Which errors of a stream are odd, at a rate that holds whatever comes, and whether they have changed. Pure.

Knows scores alone, numbers that are larger the worse an answer was: not whose they are, nor how they were made.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left, bisect_right, insort
from typing import NamedTuple, Self

# How many of the last scores one is held against.
KEPT = 1000
# How far one flag, or one value without, moves the level of a rate, and how many flags in a row take all of it.
_FASTEST, _AT_ONCE = 0.005, 10
_HEAD = struct.Struct("<dd")
_CAPITAL = struct.Struct("<dQddd")
# What a bet on larger or smaller errors holds at most, so that it is soon lost again where nothing goes on changing.
_MOST = 1e12


class Level:
    """Flags a share ``rate`` of all p values, whatever they are: adaptive conformal inference.

    What is flagged is a p no larger than a level that begins at ``rate``, falls by gamma (1 - rate) with each flag and
    rises by gamma rate without one. So the share of T values that is flagged differs from ``rate`` by at most
    (max(rate, 1 - rate) + gamma) / (gamma T), true anomalies included (Gibbs and Candes: Adaptive conformal inference
    under distribution shift, 2021, proposition 4.1), and never are there more than rate / gamma + 1 flags too many:
    gamma is a tenth of ``rate``, so that ten odd values in a row are all flagged, but 0.005 at the most.
    """

    def __init__(self, rate: float) -> None:
        self.rate, self.gamma = rate, min(_FASTEST, rate / _AT_ONCE)
        self.now = rate

    def flags(self, p: float) -> bool:
        """Whether ``p``, above zero and at most 1, is to be flagged; moves the level."""
        flag = p <= self.now
        self.now += self.gamma * (self.rate - flag)
        return flag


class Judged(NamedTuple):
    """``p`` is the share of the last scores, this one with them, that are as large; None at a gap.

    ``middle`` counts those that are equal half, so that its mean is 1/2 where nothing changes: it is what drift is
    told by.
    """

    p: float | None
    middle: float | None
    flag: bool


class AdaptiveThreshold:
    """Flags a share ``rate`` of all scores by what their p is beside the last KEPT: see :class:`Level`.

    A score of zero, of a value that is as it was said, is never flagged and moves no level.
    """

    def __init__(self, rate: float) -> None:
        self.level = Level(rate)
        self._came = array("d")
        self._ordered = array("d")

    def judge(self, score: float | None) -> Judged:
        """How odd ``score`` is, zero or more, beside those before it; None at a gap, which changes nothing.

        Raises:
            ValueError: the score is NaN or negative.
        """
        if score is None:
            return Judged(None, None, flag=False)
        if not score >= 0.0:
            raise ValueError(f"a score is zero or more, not {score}")
        came, ordered = self._came, self._ordered
        smaller, larger = bisect_left(ordered, score), len(came) - bisect_right(ordered, score)
        count = len(came) + 1
        p, middle = (count - smaller) / count, (count - smaller + larger) / (2 * count)
        if count > KEPT:
            del ordered[bisect_left(ordered, came[0])]
            del came[0]
        came.append(score)
        insort(ordered, score)
        return Judged(p, middle, flag=score > 0.0 and self.level.flags(p))

    def pack(self) -> bytes:
        """All that the next judgement depends on: 16 bytes and 8 for each score kept."""
        return _HEAD.pack(self.level.rate, self.level.now) + struct.pack(f"<{len(self._came)}d", *self._came)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """What was packed, to the bit; raises ValueError for bytes that no :meth:`pack` wrote."""
        count, rest = divmod(len(packed) - _HEAD.size, 8)
        if rest or not 0 <= count <= KEPT:
            raise ValueError("not the bytes of an adaptive threshold")
        rate, now = _HEAD.unpack_from(packed)
        found = cls(rate)
        found.level.now = now
        found._came = array("d", struct.unpack_from(f"<{count}d", packed, _HEAD.size))
        found._ordered = array("d", sorted(found._came))
        return found


class DriftMartingale:
    """A bet that the scores change, won only where they do: where nothing changes, it passes 1 / ``rate`` ever with
    a chance of at most ``rate``.

    A conformal test martingale with the bets 1 +- (p - 1/2) of Vovk and others (Retrain or not retrain: conformal test
    martingales for change-point detection, 2021), on larger and on smaller errors. Of what is held back a share of
    1 / (t + 1) is put on the two after t values, so that a change after a long quiet time is not answered from what
    such a time has used up. Scores that depend on each other, as the errors of a poor answer do, break the premise, and
    so does judging them by the last KEPT alone: it is an indication.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._count = 0
        self._held, self._larger, self._smaller = 1.0, 0.0, 0.0

    def update(self, middle: float | None) -> tuple[float, bool]:
        """What is held after a score whose ``middle`` it was, beginning with 1, and whether that is 1 / rate or more.

        None, of a gap, changes nothing.
        """
        if middle is not None:
            self._count += 1
            staked = self._held / (self._count + 1)
            self._held -= staked
            odds = middle - 0.5
            self._larger = min((self._larger + staked / 2.0) * (1.0 - odds), _MOST)
            self._smaller = min((self._smaller + staked / 2.0) * (1.0 + odds), _MOST)
        value = self._held + self._larger + self._smaller
        return value, value >= 1.0 / self.rate

    def pack(self) -> bytes:
        """All that the next value depends on."""
        return _CAPITAL.pack(self.rate, self._count, self._held, self._larger, self._smaller)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """What was packed, to the bit; raises ValueError for bytes that no :meth:`pack` wrote."""
        if len(packed) != _CAPITAL.size:
            raise ValueError("not the bytes of a drift martingale")
        rate, count, held, larger, smaller = _CAPITAL.unpack(packed)
        found = cls(rate)
        found._count, found._held, found._larger, found._smaller = count, held, larger, smaller
        return found
