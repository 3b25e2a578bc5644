"""Whoever follows a stream learns of its new values, whichever process took them. Knows no HTTP.

Only the record knows what other processes took, so it is looked at; one look serves all who follow. What this process
took itself is told at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from anyio import to_thread

from service.errors import Overloaded, UnrollError
from service.request_log.appending import Value
from service.request_log.streams import Stream, StreamReader
from service.telemetry.metrics import Metrics

_LOOK_SECONDS = 0.5  # between two looks at the record while somebody follows
_AT_ONCE = 256  # values that are read together

log = logging.getLogger(__name__)


class Events:
    """One per process, for the event loop's thread."""

    def __init__(self, reader: StreamReader, metrics: Metrics, most: int) -> None:
        """``most`` may follow at once."""
        self._reader, self._metrics, self._most = reader, metrics, most
        self._followers = 0
        self._changed: defaultdict[int, set[asyncio.Event]] = defaultdict(set)
        self._looking: asyncio.Task[None] | None = None
        self._ended = False

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one who follows; raises :class:`Overloaded` where all are taken."""
        if self._followers >= self._most:
            raise Overloaded("as many as may already follow streams here; try again later", code="too_many_followers")
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        self._followers += more
        self._metrics.streams(followers=self._followers)

    def end(self) -> None:
        """The process ends: nobody follows any more."""
        self._ended = True
        for stream in [*self._changed]:
            self.appended(stream)

    def appended(self, stream: int) -> None:
        """Tell whoever follows the stream of that id that there may be something new."""
        for changed in self._changed.get(stream, ()):
            changed.set()

    async def follow(self, stream: Stream, first: int) -> AsyncIterator[list[Value]]:
        """The values from the number ``first`` on as they come, some at a time, until the stream is closed or gone.

        Values that are not kept any more are left out. Raises what reading raises.
        """
        changed = asyncio.Event()
        self._changed[stream.id].add(changed)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            while not self._ended:
                changed.clear()
                rows = await to_thread.run_sync(self._reader.values, stream.id, first, _AT_ONCE)
                if rows:
                    first = rows[-1].seq + 1
                    yield rows
                    continue
                end, is_closed = (await self._ends([stream.id])).get(stream.id, (0, True))
                if end <= first:
                    if is_closed:
                        return
                    await changed.wait()
        finally:
            self._changed[stream.id].discard(changed)
            if not self._changed[stream.id]:
                del self._changed[stream.id]

    async def _look(self) -> None:
        """Look at the ends of what is followed, for as long as anything is."""
        before: dict[int, tuple[int, bool]] = {}
        while self._changed and not self._ended:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                now = await self._ends([*self._changed])
            except UnrollError as failure:
                log.warning("who follows streams waits: %s", failure.detail)
                continue
            for stream in [*self._changed]:
                if stream not in now or now[stream] != before.get(stream):
                    self.appended(stream)
            before = now
        self._looking = None

    async def _ends(self, ids: list[int]) -> dict[int, tuple[int, bool]]:
        return await to_thread.run_sync(self._reader.ends, ids)
