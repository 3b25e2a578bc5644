"""The models' live errors as metrics show them: read when asked for, and seldom where that takes long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic

from service.errors import LogUnavailable, Overloaded
from service.request_log.heavy import HeavyReads
from service.request_log.interrupt import Interrupt
from service.request_log.quality import ModelQuality
from service.request_log.reader import LogReader

# The live error is that of requests made within this time.
LIVE_WINDOW = timedelta(days=1)
# A look that took longer than this is good for so many times as long as it took: a scraper gets a twentieth of a core.
_QUICK_SECONDS, _REST = 0.1, 20.0


class LiveErrors:
    """Of one process; for the event loop's thread."""

    def __init__(self, reader: LogReader, heavy: HeavyReads) -> None:
        self._reader, self._heavy = reader, heavy
        self._next = 0.0
        self.models: tuple[ModelQuality, ...] = ()  # as of the last look
        self.up = False  # whether the log could be read then

    async def look(self) -> None:
        """Bring what is known up to date, where it is time to and the log is not being read for others."""
        began = monotonic()
        if began < self._next:
            return
        try:
            self.models = await self._heavy.run(self._read, patience=0)
            self.up = True
        except Overloaded:  # the log is read for others, or there is too much: what was known stays
            self.up = True
        except LogUnavailable:
            self.models, self.up = (), False
        took = monotonic() - began
        self._next = monotonic() + (_REST * took if took > _QUICK_SECONDS else 0.0)

    def _read(self, interrupt: Interrupt) -> tuple[ModelQuality, ...]:
        since = round((datetime.now(UTC) - LIVE_WINDOW).timestamp() * 1e6)
        return self._reader.quality(since, interrupt=interrupt).models
