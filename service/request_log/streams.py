"""Streams on record: made, found, listed, closed, deleted. Knows no HTTP and nothing of what the answers say.

What is read blocks, so it belongs in a thread; what changes something is a job for :meth:`LogWriter.run`. Appending is
in ``appending``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from secrets import randbits
from time import time

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, null, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from service.errors import UnknownStream
from service.request_log.appending import Value
from service.request_log.database import failures_as_unavailable, open_reader, parse_url
from service.request_log.interrupt import Interrupt
from service.request_log.tables import OF_SAME_VALUE, stream_answers, stream_values, streams

# Of an id the last bits are drawn, those before them are the time in microseconds: streams that are made together, and
# so mostly move on together, lie together.
_DRAWN_BITS = 11
_VALUES_AT_ONCE = 2000  # deleted in one transaction: some milliseconds
_VALUE = [(stream_answers if name == "answer" else stream_values).c[name] for name in Value._fields]
_ANSWERED = stream_values.join(stream_answers, OF_SAME_VALUE)


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as it is on record; see the columns of ``tables.streams``."""

    id: int
    client: str
    name: str
    created: int
    asked: str
    model: str
    version: str
    next: int
    closed: int | None
    judged: int
    learnt: bytes | None  # last, and pages of memory long


_STREAM = [streams.c[field.name] for field in fields(Stream)]
# Made once: to make such a statement takes SQLAlchemy about as long as the database takes to answer it.
_NAMED = select(*_STREAM).where(streams.c.client == bindparam("client"), streams.c.name == bindparam("name"))
_OF_IT = stream_values.c.stream == bindparam("stream")
_END = (
    select(stream_values.c.seq, stream_values.c.value, stream_values.c.score)
    .where(_OF_IT, stream_values.c.seq >= bindparam("seq"))
    .order_by(stream_values.c.seq)
)
_LAST = select(stream_answers.c.answer).select_from(_ANSWERED).where(_OF_IT, stream_values.c.seq == bindparam("seq"))


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a stream: its last ``values`` from some number on, and what was answered to the very last."""

    stream: Stream
    values: list[tuple[int, float | None]]  # number and value
    scores: list[tuple[int, float | None]]  # of the values after those that ``learnt`` is of
    answer: bytes | None


def made(client: str, name: str, asked: str, model: str, version: str) -> Stream:
    """A stream that is not on record yet."""
    now = round(time() * 1e6)
    return Stream(_drawn(now), client, name, now, asked, model, version, 0, None, 0, None)


def _drawn(now: int) -> int:
    return now << _DRAWN_BITS | randbits(_DRAWN_BITS)


def enter(stream: Stream) -> Callable[[Connection], tuple[Stream, bool]]:
    """A job that puts ``stream`` on record, unless its client has one of that name.

    It gives the one on record, and whether that was made now.
    """

    def job(connection: Connection) -> tuple[Stream, bool]:
        new, is_new = stream, False
        kind = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        while (found := _find(connection, stream.client, stream.name)) is None:
            # Another replica may have made one just now, or drawn the same id.
            is_new = connection.execute(kind(streams).values(asdict(new)).on_conflict_do_nothing()).rowcount > 0
            new = replace(stream, id=_drawn(stream.created))
        return found, is_new

    return job


def close(client: str, name: str) -> Callable[[Connection], Stream]:
    """A job that closes a stream for good; raises :class:`UnknownStream`."""

    def job(connection: Connection) -> Stream:
        open_one = (streams.c.client == client, streams.c.name == name, streams.c.closed.is_(None))
        connection.execute(update(streams).where(*open_one).values(closed=round(time() * 1e6)))
        return _require(_find(connection, client, name))

    return job


def remove(client: str, name: str) -> Callable[[Connection], int]:
    """A job that deletes a stream with all its values, and says how many those were; raises :class:`UnknownStream`."""

    def job(connection: Connection) -> int:
        found = select(streams.c.id).where(streams.c.client == client, streams.c.name == name).with_for_update()
        identity = connection.scalar(found)
        if identity is None:
            raise _unknown()
        connection.execute(delete(streams).where(streams.c.id == identity))
        return _delete(connection, stream_values.c.stream == identity)

    return job


def remove_some(client: str) -> Callable[[Connection], int]:
    """A job that deletes some of the values, or a stream that has none left, of ``client``; how many of either.

    The first call closes its streams, so that none grows meanwhile.
    """

    def job(connection: Connection) -> int:
        its = streams.c.client == client
        connection.execute(update(streams).where(its, streams.c.closed.is_(None)).values(closed=round(time() * 1e6)))
        identity = connection.scalar(select(streams.c.id).where(its).limit(1))
        if identity is None:
            return 0
        of_it = stream_values.c.stream == identity
        seqs = select(stream_values.c.seq).where(of_it).order_by(stream_values.c.seq).limit(_VALUES_AT_ONCE)
        gone = list(connection.scalars(seqs))
        if gone:
            return _delete(connection, of_it, stream_values.c.seq <= gone[-1])
        return connection.execute(delete(streams).where(streams.c.id == identity)).rowcount

    return job


def _delete(connection: Connection, *which: ColumnElement[bool]) -> int:
    """Delete values with their answers, and say how many."""
    its, of_values = (
        [table.c[name] for name in ("time", "stream", "seq")] for table in (stream_answers, stream_values)
    )
    connection.execute(delete(stream_answers).where(tuple_(*its).in_(select(*of_values).where(*which))))
    return connection.execute(delete(stream_values).where(*which)).rowcount


class StreamReader:
    """Reads beside the writer and never holds it up; a method that cannot read raises :class:`LogUnavailable`."""

    def __init__(self, url: str, *, timeout: float, beside_writer: bool = False) -> None:
        """As of :class:`LogReader`."""
        self._engine = open_reader(parse_url(url), timeout, beside_writer=beside_writer)
        self._timeout = timeout

    def get(self, client: str, name: str) -> Stream:
        """The stream of that name; raises :class:`UnknownStream`."""
        with self._reading() as connection:
            return _require(_find(connection, client, name))

    def page(self, client: str, limit: int, after: str | None) -> list[Stream]:
        """At most ``limit`` streams of ``client`` by name, those after the name ``after``; without what they learnt."""
        where = (streams.c.client == client, streams.c.name > (after or ""))
        with self._reading() as connection:
            found = select(*_STREAM[:-1], null()).where(*where).order_by(streams.c.name).limit(limit)
            return [Stream(*row) for row in connection.execute(found)]

    def tails(self, client: str, names: Sequence[str], start: Callable[[Stream], int]) -> dict[str, Tail]:
        """The ends of those streams that there are, as of one moment, with the values from ``start`` of each on."""
        found = {}
        with self._reading() as connection:
            for name in names:
                if (stream := _find(connection, client, name)) is not None:
                    found[name] = _tail(connection, stream, start(stream))
        return found

    def values(self, stream: int, first: int, limit: int) -> list[Value]:
        """At most ``limit`` values of the stream of that id, from the number ``first`` on."""
        of_it = (stream_values.c.stream == stream, stream_values.c.seq >= first)
        with self._reading() as connection:
            found = select(*_VALUE).select_from(_ANSWERED).where(*of_it).order_by(stream_values.c.seq).limit(limit)
            return [Value(*row) for row in connection.execute(found)]

    def first(self, stream: int) -> int | None:
        """The lowest number of which the value is still there."""
        with self._reading() as connection:
            found: int | None = connection.scalar(
                select(func.min(stream_values.c.seq)).where(stream_values.c.stream == stream)
            )
            return found

    def ends(self, ids: Sequence[int]) -> dict[int, tuple[int, bool]]:
        """The next number of each of those streams, and whether it is closed; one that is gone is left out."""
        with self._reading() as connection:
            found = select(streams.c.id, streams.c.next, streams.c.closed).where(streams.c.id.in_(ids))
            return {each: (end, closed is not None) for each, end, closed in connection.execute(found)}

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        bound = Interrupt(self._timeout)
        with failures_as_unavailable(), self._engine.connect() as connection, bound.bounds(connection):
            if connection.dialect.name == "postgresql":  # so that all statements see one moment, as in SQLite
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield connection

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()


def _tail(connection: Connection, stream: Stream, start: int) -> Tail:
    found = connection.execute(_END, {"stream": stream.id, "seq": min(start, stream.judged)}).all()
    return Tail(
        stream,
        [(seq, value) for seq, value, _ in found if seq >= start],
        [(seq, score) for seq, _, score in found if seq >= stream.judged],
        connection.scalar(_LAST, {"stream": stream.id, "seq": stream.next - 1}),
    )


def _find(connection: Connection, client: str, name: str) -> Stream | None:
    row = connection.execute(_NAMED, {"client": client, "name": name}).one_or_none()
    return None if row is None else Stream(*row)


def _require(found: Stream | None) -> Stream:
    if found is None:
        raise _unknown()
    return found


def _unknown() -> UnknownStream:
    return UnknownStream("there is no stream of that name; PUT /streams/{name} makes one")
