"""When a batch is complete: once nobody else comes. Knows neither what comes nor what is done with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sized

from service.request_log.writer import LogWriter

# Turns of the event loop that bring no more requests: what one turn reads is asked in the next.
_QUIET_TURNS = 2
# From so many on no more are looked for, so that a steady stream of requests cannot put off the answers to the first.
_MOST = 256


class Lull:
    """Calls ``then`` once the event loop has looked whether more are ``waiting`` by now and found none.

    Whom the commit that is under way will answer often ask again at once, and one batch of all is less work than two of
    half: where it ends sooner than the work ``saved`` by that takes, in seconds, it is waited for. Used on the event
    loop only.
    """

    def __init__(self, log: LogWriter, waiting: Sized, saved: Callable[[], float], then: Callable[[], None]) -> None:
        self._log, self._waiting, self._saved, self._then = log, waiting, saved, then
        self._seen = self._quiet = 0
        self.looking = False

    def begin(self) -> None:
        """Look for more, unless that is being done."""
        if not self.looking:
            self.looking = True
            self._seen = self._quiet = 0
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        waiting = len(self._waiting)
        self._quiet = self._quiet + 1 if waiting == self._seen else 0
        self._seen = waiting
        if self._quiet < _QUIET_TURNS and waiting < _MOST:
            asyncio.get_running_loop().call_soon(self._look)
        elif self._log.writing and self._log.last_commit_seconds < self._saved():
            self._quiet = 0
            self._log.after_commit(self._look)
        else:
            self.looking = False
            self._then()
