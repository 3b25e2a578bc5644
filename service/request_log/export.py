"""The log as a file, JSON Lines or CSV, written piece by piece. Knows rows and nothing of databases or HTTP.

Each piece is a read of its own, so that an export of hours holds up neither a write nor the WAL, and it is bounded in
bytes: what a reader that stalls has not taken waits in memory.
"""

from __future__ import annotations

import base64
import csv
import io
import re
from collections import deque
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Literal

import orjson

from service.request_log.interrupt import Interrupt
from service.request_log.listing import Filters
from service.request_log.reader import LogReader
from service.request_log.rows import StoredRow

Format = Literal["jsonl", "csv"]
_ROWS = 100  # looked up at once
_BYTES = 256 * 1024  # of bodies in one piece; a single row may be longer
# What a spreadsheet may run: text that begins like a formula, in the file's own cells or in those that it makes of
# one where semicolons or tabs part them. Spaces in front do not help.
_FORMULA = re.compile("(^|[;\t\r\n])(?=[ ]*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


class Export:
    """The rows that match, newest first; those that come meanwhile are left out."""

    def __init__(self, reader: LogReader, filters: Filters, form: Format) -> None:
        self._reader, self._filters, self._form = reader, filters, form
        self._cursor: str | None = None
        self._ahead: deque[tuple[str, int]] = deque()  # ids, and bytes of bodies
        self._headed = form != "csv"

    def piece(self, interrupt: Interrupt | None = None) -> bytes:
        """The next piece, empty at the end. Raises what :meth:`LogReader.sizes` raises."""
        if not self._headed:
            self._headed = True
            return _csv([[field.name for field in fields(StoredRow)]])
        encode = _json_lines if self._form == "jsonl" else _csv_lines
        while ids := self._next_ids(interrupt):
            if rows := self._reader.rows(ids, interrupt):  # none where all were deleted meanwhile
                return encode(rows)
        return b""

    def _next_ids(self, interrupt: Interrupt | None) -> list[str]:
        if not self._ahead:
            self._ahead.extend(self._reader.sizes(self._filters, _ROWS, self._cursor, interrupt))
        ids: list[str] = []
        size = 0
        while self._ahead and (not ids or size + self._ahead[0][1] <= _BYTES):
            self._cursor, more = self._ahead.popleft()
            ids.append(self._cursor)
            size += more
        return ids


def readable_body(body: bytes | None) -> Any:
    """A body as a value for JSON: what it says if it is JSON itself, else its base64 text; None if not kept."""
    if body is None:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return base64.b64encode(body).decode()


def readable_time(time: datetime) -> str:
    """``time`` as ISO 8601, UTC."""
    return time.isoformat().replace("+00:00", "Z")


def _json_lines(rows: tuple[StoredRow, ...]) -> bytes:
    return b"".join(
        orjson.dumps(
            {
                **asdict(row),
                "time": readable_time(row.time),
                "request": readable_body(row.request),
                "response": readable_body(row.response),
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for row in rows
    )


def _csv_lines(rows: tuple[StoredRow, ...]) -> bytes:
    return _csv(
        [
            {
                **asdict(row),
                "time": readable_time(row.time),
                "models": " ".join(row.models),
                "request": _text(row.request),
                "response": _text(row.response),
            }.values()
            for row in rows
        ]
    )


def _text(body: bytes | None) -> str | None:
    if body is None:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()


def _csv(lines: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([_harmless(cell) for cell in line] for line in lines)
    return text.getvalue().encode()


def _harmless(cell: Any) -> Any:
    """A spreadsheet runs text that begins like a formula; an apostrophe in front makes it text."""
    return _FORMULA.sub(r"\1'", cell) if isinstance(cell, str) else cell
