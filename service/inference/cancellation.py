"""Cooperative cancellation of long work: whoever asked may be gone, or its time may be up. Knows nobody's reasons.

Work that may take long calls :func:`checkpoint` between its parts. Whoever starts it runs it under a
:class:`Cancellation`; without one a checkpoint does nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

from service.errors import Overloaded

T = TypeVar("T")


class Cancellation:
    """Ends work at its next checkpoint; may be told so from another thread."""

    def __init__(self, seconds: float) -> None:
        """``seconds`` from now the time is up."""
        self._until = time.monotonic() + seconds
        self._late: Exception = Overloaded(
            f"the answer was not there within {seconds:g} s; ask for less at once, or again in a moment",
            code="deadline_exceeded",
        )
        self._reason: Exception | None = None

    def cancel(self, reason: Exception) -> None:
        """From now on, checkpoints raise ``reason``."""
        self._reason = reason

    def end_by(self, until: float, reason: Exception) -> None:
        """The time is up ``until``, of the monotonic clock, at the latest; then checkpoints raise ``reason``."""
        if until < self._until:
            self._until, self._late = until, reason

    def check(self) -> None:
        """Raise the reason for which the work must end, if there is one."""
        if self._reason is not None:
            raise self._reason
        if time.monotonic() > self._until:
            raise self._late

    def run(self, work: Callable[[], T]) -> T:
        """The result of ``work``, whose checkpoints look here. Raises the reason where it must end."""
        token = _current.set(self)
        try:
            self.check()
            return work()
        finally:
            _current.reset(token)


_current: ContextVar[Cancellation | None] = ContextVar("_current", default=None)


def checkpoint() -> None:
    """Raise the reason for which the work that runs here must end, if there is one."""
    found = _current.get()
    if found is not None:
        found.check()
