"""``python -m service`` with a request log that takes every row at once and writes none: what recording costs.

The service has no such setting, and should have none; so the log is exchanged where the application takes it from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TypeVar

import service.app
from service.__main__ import main
from service.request_log.rows import Row
from service.request_log.writer import LogWriter

T = TypeVar("T")


class Unwritten(LogWriter):
    """A log that is open and stays empty."""

    async def record(self, row: Row) -> None:
        return

    def enter(self, answers: Iterable[tuple[Row, asyncio.Future[T], T]]) -> None:
        for _, waiter, result in answers:
            if not waiter.done():
                waiter.set_result(result)

    def note(self, row: Row) -> None:
        return


if __name__ == "__main__":
    service.app.LogWriter = Unwritten  # type: ignore[attr-defined]  # where the application finds it
    main()
