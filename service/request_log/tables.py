"""The tables of the request log, as SQLAlchemy Core sees them; the migrations make them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    and_,
    text,
)

HEAD = "0007"  # the newest migration; a test holds it against the migrations folder

metadata = MetaData()

# Byte order, so that ids sort by time under any PostgreSQL locale, as they do in SQLite.
_Id = String(36).with_variant(String(36, collation="C"), "postgresql")
_Name = Text().with_variant(Text(collation="C"), "postgresql")

_SOLE_MODEL = "CASE WHEN models LIKE '% %' THEN '' ELSE models END"
_HAS_CLIENT = text("client IS NOT NULL")

requests = Table(
    "requests",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("time", BigInteger, nullable=False),
    Column("endpoint", _Name, nullable=False),
    Column("task", Text),
    Column("models", Text, nullable=False),  # separated by spaces
    Column("status", Integer, nullable=False),
    Column("code", Text),
    Column("client", Text),
    Column("client_request_id", Text),
    Column("sequences", Integer, nullable=False),
    Column("values", Integer, nullable=False),
    Column("duration_us", BigInteger, nullable=False),
    Column("request_bytes", BigInteger, nullable=False),
    Column("response_bytes", BigInteger, nullable=False),
    Column("request_sha256", String(64)),
    Column("response_sha256", String(64)),
    # Last, so that a scan of the short columns skips a long body's overflow pages.
    Column("request", LargeBinary),
    Column("response", LargeBinary),
    # Who answered alone; empty where nobody or several did. The database works it out from ``models``.
    Column("model", _Name, Computed(_SOLE_MODEL), nullable=False),
    # Covers every listing and the statistics, by model too: a tree more takes a sixth of the time that a row takes.
    Index("ix_requests_endpoint_status_model", "endpoint", "status", "model", "id", "duration_us"),
    # For deleting what one client sent; costs nothing where there are no keys.
    Index("ix_requests_client", "client", "id", sqlite_where=_HAS_CLIENT, postgresql_where=_HAS_CLIENT),
)

# One row for each of several models that had a part in one answer, so that a listing by model needs no scan; one that
# answered alone has none, and is found by ``requests.model``.
uses = Table(
    "uses",
    metadata,
    Column("model", _Name, primary_key=True),
    Column("endpoint", _Name, primary_key=True),
    Column("status", Integer, primary_key=True),
    Column("id", _Id, primary_key=True),
    Column("duration_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What really came after a request, as far as it is known.
outcomes = Table(
    "outcomes",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("time", BigInteger, nullable=False),
    Column("known", LargeBinary, nullable=False),  # JSON: for each sequence, for each step, null where unknown
)

# One number of an answer held against what came: error = answer - outcome.
scores = Table(
    "scores",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("model", _Name, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("task", Text),
    Column("error", Double, nullable=False),
    Column("scale", Double),  # mean absolute difference of the posted sequence
    Column("rule", Text),
    Column("rule_error", Double),
    # JSON: by the level in percent whether the outcome lay inside the interval, 1 or 0, the lowest level first.
    Column("inside", Text),
    sqlite_with_rowid=False,
)

# A stream of values that come one after another: what it was asked to be, and how many values are on record.
streams = Table(
    "streams",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # rises with time, and is never used again
    Column("client", _Name, nullable=False),  # empty where there are no keys
    Column("name", _Name, nullable=False),
    Column("created", BigInteger, nullable=False),  # microseconds since the epoch, UTC; so is every time
    Column("asked", Text, nullable=False),  # JSON, as it was asked for
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("next", BigInteger, nullable=False),  # the number of the value that is to come
    Column("closed", BigInteger),  # when, if it is
    # What was learnt of the errors before the value of the number ``judged``; of later ones it follows from the values.
    Column("judged", BigInteger, nullable=False),
    Column("learnt", LargeBinary),
    Index("ix_streams_client_name", "client", "name", unique=True),
)

# The last values of each stream. They are what a stream is rebuilt from, so they lie together, and take up little.
stream_values = Table(
    "stream_values",
    metadata,
    Column("stream", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("time", BigInteger, nullable=False),
    Column("value", Double),  # none at a gap
    Column("score", Double),  # how far it was from what was foretold, where something was
    sqlite_with_rowid=False,
)

# What was answered to each of these values. Those of one request lie together, whose streams they are of: among the
# values each would need a page of memory written, and twenty times the size.
stream_answers = Table(
    "stream_answers",
    metadata,
    Column("time", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("answer", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

OF_SAME_VALUE = and_(*[stream_answers.c[name] == stream_values.c[name] for name in ("time", "stream", "seq")])

# A computing call that is answered later, and what came of it.
jobs = Table(
    "jobs",
    metadata,
    Column("id", _Id, primary_key=True),  # by which they sort by the time when they were asked for
    Column("client", _Name, nullable=False),  # empty where there are no keys
    Column("endpoint", _Name, nullable=False),
    Column("status", _Name, nullable=False),  # pending, running, succeeded, failed, cancelled
    Column("seconds", Double),  # for which it may run, where that was asked for
    Column("attempts", Integer, nullable=False),  # how often somebody began with it
    Column("alive", BigInteger, nullable=False),  # when whoever runs it last said so; microseconds, UTC
    Column("size", BigInteger, nullable=False),  # of the body, in bytes
    Column("error", Text),
    Column("body", LargeBinary),  # what was asked, until there is an answer; then that
    Index("ix_jobs_status", "status", "id", "size"),
)

# By what an index of the table is sorted before the id.
KEYS: dict[Table, tuple[Column[Any], ...]] = {
    requests: (requests.c.endpoint, requests.c.status, requests.c.model),
    uses: (uses.c.model, uses.c.endpoint, uses.c.status),
}
