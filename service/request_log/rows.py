"""What one request leaves behind, and how much of its bodies is kept. Pure: knows nothing of databases."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import uuid_utils

Bodies = Literal["full", "shape", "off"]

_EPOCH = datetime.fromtimestamp(0, UTC)


def as_time(microseconds: int) -> datetime:
    """A time of the log, which counts since the epoch, in UTC; beyond all calendars their first or last moment."""
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC) if microseconds < 0 else datetime.max.replace(tzinfo=UTC)


def identify() -> tuple[str, int]:
    """A new request's id and time: a UUIDv7 and its own time in microseconds since the epoch, UTC.

    Ids only grow within a process; when the clock jumps back, id and time go on where they were.
    """
    identity = uuid_utils.uuid7()
    return str(identity), identity.timestamp * 1000


def is_id(text: str) -> bool:
    """Whether ``text`` could be an id of this log: a UUID in its canonical form."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


@dataclass(slots=True)  # not frozen: that doubles the time to make one, and there is one for every request
class Row:
    """One request to a computing endpoint and its answer, as the service knows them."""

    id: str  # UUIDv7, canonical text: whoever opens the database finds an answer by its request_id
    time: int  # microseconds since the epoch, UTC
    endpoint: str  # "/predict"
    task: str | None
    models: tuple[str, ...]  # "sine-gru/1", "rule:drift"
    status: int
    code: str | None  # the error code of a 4xx or 5xx
    client: str | None  # id of the API key
    client_request_id: str | None
    sequences: int
    values: int
    duration_us: int
    request: bytes
    response: bytes
    size: int = field(init=False)  # bytes of bodies

    def __post_init__(self) -> None:
        self.size = len(self.request) + len(self.response)


def keep(body: bytes, status: int, bodies: Bodies, limit: int) -> tuple[bytes | None, int, str | None]:
    """What the log stores of ``body``: the bytes or nothing, the size, and a digest where the bytes are not kept.

    Above ``limit`` bytes it is size and digest only. The body of a refused request may be a mis-posted secret:
    neither its bytes nor its digest are kept.
    """
    if status >= 400 or bodies == "off":
        return None, len(body), None
    if bodies == "shape" or len(body) > limit:
        return None, len(body), hashlib.sha256(body).hexdigest()
    return body, len(body), None


@dataclass(frozen=True, slots=True)
class Summary:
    """One row of the log without its bodies, which a listing shows.

    ``models`` is ``name/version``, or ``rule:name``, of everything that had a part in the answer; ``duration_us`` the
    time until the row was handed to the log.
    """

    id: str
    time: datetime
    endpoint: str
    task: str | None
    models: tuple[str, ...]
    status: int
    code: str | None
    client: str | None
    client_request_id: str | None
    sequences: int
    values: int
    duration_us: int
    request_bytes: int
    response_bytes: int


@dataclass(frozen=True, slots=True)
class StoredRow(Summary):
    """A stored row. A body that was not kept is None; its SHA-256 is there when size or setting was the reason."""

    request: bytes | None
    response: bytes | None
    request_sha256: str | None
    response_sha256: str | None
