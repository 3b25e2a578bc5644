"""Recall and precision by window, of as many flags for everybody; and the table of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.anomalies.labelled import Labelled
from service.arrays import Floats

RATES = (0.001, 0.005, 0.01)
# Nothing counts in the first steps, in which everybody still learns: as in Numenta's benchmark.
_LEARNING, _MOST_LEARNING = 0.15, 750
# Flags that follow each other so soon are one alarm.
_TOGETHER = 10


@dataclass(frozen=True, slots=True)
class Tally:
    """Of all series: ``windows`` and how many of them had a flag; ``alarms`` and how many of them lay in a window."""

    windows: int = 0
    hit: int = 0
    alarms: int = 0
    right: int = 0

    def plus(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def recall(self) -> float | None:
        """The share of windows that had a flag."""
        return self.hit / self.windows if self.windows else None

    @property
    def precision(self) -> float | None:
        """The share of alarms that lay in a window."""
        return self.right / self.alarms if self.alarms else None


def flags(scores: Floats, rate: float) -> NDArray[np.intp]:
    """The steps of the highest scores, a share ``rate`` of those that count, at least one; the first of equals."""
    start = learning(len(scores))
    counted = scores[start:]
    most = max(1, round(rate * len(counted)))
    order = np.argsort(-counted, kind="stable")[:most]
    return np.sort(order[np.isfinite(counted[order])]) + start


def learning(steps: int) -> int:
    """How many steps at the beginning do not count."""
    return int(min(_LEARNING * steps, _MOST_LEARNING))


def tally(series: Labelled, flagged: NDArray[np.intp]) -> Tally:
    """How ``flagged`` steps lie to the windows of ``series``."""
    start = learning(len(series.values))
    windows = [(first, last) for first, last in series.windows if last > start]
    hit = sum(any(first <= step < last for step in flagged.tolist()) for first, last in windows)
    parts = np.split(flagged, np.flatnonzero(np.diff(flagged) > _TOGETHER) + 1) if len(flagged) else []
    right = sum(any(first <= step < last for step in part.tolist() for first, last in windows) for part in parts)
    return Tally(len(windows), hit, len(parts), right)


def examined(
    sets: Iterable[Labelled], detectors: Mapping[str, object], rates: Sequence[float] = RATES
) -> dict[str, list[Tally]]:
    """What each detector's flags are worth at each of ``rates``, over all series."""
    found = {name: [Tally() for _ in rates] for name in detectors}
    for series in sets:
        for name, detector in detectors.items():
            assert callable(detector)  # noqa: S101  (a mapping of functions)
            scores = detector(series.values)
            found[name] = [
                before.plus(tally(series, flags(scores, rate))) for before, rate in zip(found[name], rates, strict=True)
            ]
    return found


def table(found: Mapping[str, Sequence[Tally]], rates: Sequence[float] = RATES) -> str:
    """Markdown: recall and precision of each at each rate."""
    head = " | ".join(f"{rate:.1%} flagged: recall | precision" for rate in rates)
    lines = [f"| | {head} |", "|---|" + "---|" * (2 * len(rates))]
    for name, tallies in found.items():
        cells = [_percent(share) for each in tallies for share in (each.recall, each.precision)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
