"""``python -m service`` with a request log that takes every row at once and writes none: what recording costs.

The service has no such setting, and should have none; so the log is exchanged where the application takes it from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import service.app
from service.__main__ import main
from service.request_log.rows import Row
from service.request_log.writer import LogWriter


class Unwritten(LogWriter):
    """A log that is open and stays empty."""

    async def record(self, row: Row) -> None:
        return

    def enter(self, rows: Sequence[tuple[Row, asyncio.Future[None]]]) -> None:
        for _, waiter in rows:
            if not waiter.done():
                waiter.set_result(None)

    def note(self, row: Row) -> None:
        return


if __name__ == "__main__":
    service.app.LogWriter = Unwritten  # type: ignore[attr-defined]  # where the application finds it
    main()
