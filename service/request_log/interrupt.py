"""Ends a read of the log that takes too long, or that nobody waits for any more. Knows both databases, no table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError

from service.errors import Overloaded

_STEPS = 20_000  # of SQLite's virtual machine between two looks at the clock: a millisecond or less
_CANCEL_SECONDS = 2.0


class Interrupt:
    """The bound of one read; :meth:`stop` may be called from any thread.

    Its time begins with its connection: the look for a database by its name is bounded by the resolver alone, and one
    that took long is not the fault of what is asked.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end: float | None = None
        self._stopped = False
        self._server: Any = None  # the driver's connection to one that can be told to cancel

    def is_over(self) -> bool:
        """Whether the read has had its time, or is not wanted any more."""
        return self._stopped or (self._end is not None and monotonic() > self._end)

    def stop(self) -> None:
        """End the read now; with PostgreSQL this talks to the server."""
        self._stopped = True
        if self._server is not None:
            self._server.cancel_safe(timeout=_CANCEL_SECONDS)

    @contextmanager
    def bounds(self, connection: Connection) -> Iterator[None]:
        """All that is read on ``connection`` meanwhile. Raises :class:`Overloaded` when it was ended."""
        if self._end is None:
            self._end = monotonic() + self._seconds
        driver: Any = connection.connection.driver_connection
        connection.info["interrupt"] = self
        if connection.dialect.name == "sqlite":
            driver.set_progress_handler(self.is_over, _STEPS)
        else:
            self._server = driver
        try:
            yield
        except SQLAlchemyError as error:
            if self.is_over():
                raise self._refusal() from error
            raise
        finally:
            self._server = None
            del connection.info["interrupt"]
            if connection.dialect.name == "sqlite":
                driver.set_progress_handler(None, 0)

    def _refusal(self) -> Overloaded:
        return Overloaded(
            f"reading the request log took longer than {self._seconds:g} s: ask for a shorter time", code="log_slow"
        )

    def require(self) -> None:
        """Raise :class:`Overloaded` if the read is over."""
        if self.is_over():
            raise self._refusal()


def check_before_each_statement(engine: Engine) -> None:
    """Let no statement begin in a read that is over."""

    @event.listens_for(engine, "before_cursor_execute")
    def require(connection: Connection, *_: Any) -> None:
        interrupt = connection.info.get("interrupt")
        if interrupt is not None:
            interrupt.require()
