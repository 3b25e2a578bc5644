"""The log as a file, JSON Lines or CSV, written piece by piece. Knows rows and nothing of databases or HTTP.

Each piece is a read of its own, so that an export of hours holds up neither a write nor the WAL.
"""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from service.request_log.newest import Filters
from service.request_log.reader import LogReader
from service.request_log.rows import StoredRow

Format = Literal["jsonl", "csv"]
_ROWS = 100  # of one piece: at most some 13 MB of bodies


def export(reader: LogReader, filters: Filters, form: Format) -> Iterator[bytes]:
    """The rows that match, newest first. Raises :class:`LogUnavailable` when a piece cannot be read."""
    encode = _json_lines if form == "jsonl" else _csv_lines
    if form == "csv":
        yield _csv([[field.name for field in fields(StoredRow)]])
    cursor = None
    while rows := reader.rows(filters, _ROWS, cursor):
        yield encode(rows)
        cursor = rows[-1].id


def readable_body(body: bytes | None) -> Any:
    """A body as a value for JSON: what it says if it is JSON itself, else its base64 text; None if not kept."""
    if body is None:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return base64.b64encode(body).decode()


def readable_time(time: int) -> str:
    """Microseconds since the epoch as ISO 8601, UTC."""
    return datetime.fromtimestamp(time / 1e6, UTC).isoformat().replace("+00:00", "Z")


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
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
