"""What a run tells on the terminal: how far it is, how fast, and at the end what came of it."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import TextIO

from service.batch import output
from service.batch.job import Done
from service.verdicts import VERDICTS

_LINE_SECONDS, _SAME_LINE_SECONDS = 30.0, 0.5
_WIDTH = 79


class Progress:
    """Counts what is done; writes a line now and then, on a terminal always the same one."""

    def __init__(self, series: int, before: int, stream: TextIO | None = None) -> None:
        """Of so many ``series`` those ``before`` were done by an earlier run."""
        self._series, self._done, self._before = series, before, before
        self._stream = stream or sys.stderr
        self._began = self._written = time.monotonic()
        self._failed = 0

    def add(self, done: Done) -> None:
        """One more part."""
        self._done += done.series
        self._failed += done.failed
        now, same = time.monotonic(), self._stream.isatty()
        if now - self._written >= (_SAME_LINE_SECONDS if same else _LINE_SECONDS):
            self._written = now
            line = self._in_words(now)
            print(f"\r{line:{_WIDTH}}" if same else line, end="" if same else "\n", file=self._stream, flush=True)

    def close(self) -> None:
        """The last line."""
        line = self._in_words(time.monotonic())
        print(f"\r{line:{_WIDTH}}" if self._stream.isatty() else line, file=self._stream, flush=True)

    def _in_words(self, now: float) -> str:
        here, seconds = self._done - self._before, max(now - self._began, 1e-3)
        rate = here / seconds
        left = f", {_span((self._series - self._done) / rate)} left" if here and self._done < self._series else ""
        failed = f", {self._failed:,} failed" if self._failed else ""
        return f"{self._done:,} of {self._series:,} series, {rate:,.0f}/s, {_span(seconds)}{left}{failed}"


def _span(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def summary(out: str, parts: int) -> dict[str, int]:
    """What came of all series: how many beat the best simple rule, tied with it, lost, were not checked, failed."""
    found: Counter[str] = Counter(dict.fromkeys(("series", *VERDICTS, "unchecked", "failed"), 0))
    for number in range(parts):
        table = output.read(out, number, ["verdict", "error"])
        found["series"] += len(table)
        found["failed"] += len(table) - table["error"].null_count
        for each in table["verdict"].value_counts().to_pylist():
            if each["values"] is not None:
                found[each["values"]] += each["counts"]
    found["unchecked"] = found["series"] - found["failed"] - sum(found[each] for each in VERDICTS)
    return dict(found)


def in_words(found: dict[str, int]) -> str:
    """A summary for people."""
    return (
        f"{found['series']:,} series: {found['beats']:,} beat the best simple rule, {found['ties']:,} tied with it, "
        f"{found['loses']:,} lost to it; {found['unchecked']:,} too short for a check, {found['failed']:,} failed"
    )
