"""Whether this process should get traffic, and why it must end. Knows nothing of HTTP, sockets or signals."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

log = logging.getLogger(__name__)


class Lifecycle:
    """Shared by the server, which ends the process, and the application, which tells whether it is ready."""

    def __init__(self) -> None:
        self.draining = False
        self.failure: str | None = None
        self.serves = ""  # in words, for the line at start
        self.complaints: list[str] = []  # what is not served and why, for the lines before it
        self.at_end: list[Callable[[float], None]] = []  # called with the time by which all work must have ended

    @property
    def takes_traffic(self) -> bool:
        """Whether new requests should still be sent to this process; those that come are answered all the same."""
        return not self.draining and self.failure is None

    def drain(self) -> None:
        """From now on, readiness asks for traffic to go elsewhere."""
        self.draining = True

    def end_by(self, until: float) -> None:
        """Tell whoever has work in hand that it must have ended ``until``, of the monotonic clock."""
        for each in self.at_end:
            each(until)

    def guard(self, name: str, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        """``work`` as a task that must not end until it is cancelled: when it does, the process has to end too.

        A service without one of its background tasks would stay up and deaf; its supervisor can start it afresh.
        """
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[object]) -> None:
        if task.cancelled():
            return
        self.failure = f"{task.get_name()} ended"
        log.critical("%s; the process ends", self.failure, exc_info=task.exception())
