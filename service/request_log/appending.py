"""Values at the ends of streams, many streams to a transaction. Knows the tables and nothing of queues or models.

Each append says which number it believes to be the next one of its stream, and moves that on only where it is right:
of two processes that append the same value one is told that it lost. All streams of a transaction are locked in the
order of their ids, so that two replicas on one PostgreSQL never wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Dialect

_STREAMS_AT_MOST = 250  # of one statement, and values likewise: far below what any SQLite or PostgreSQL takes


class Value(NamedTuple):
    """One value of a stream, None at a gap, and what was answered to it.

    ``time`` is when it was taken, in microseconds since the epoch, UTC; ``score`` says how far it was from what had
    been foretold, None where nothing was.
    """

    seq: int
    time: int
    value: float | None
    score: float | None
    answer: bytes


class Learnt(NamedTuple):
    """What was learnt of a stream's errors before the value number ``judged``, packed."""

    judged: int
    packed: bytes


@dataclass(slots=True)  # not frozen: that doubles the time to make one
class Append:
    """``values``, one or more, for the end of the stream of that id: about so many bytes in ``size``.

    With ``forget`` values of lower numbers are deleted; ``learnt`` replaces what is on record.
    """

    stream: int
    values: Sequence[Value]
    forget: int | None = None
    learnt: Learnt | None = None
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = sum([64 + len(each.answer) for each in self.values])


def append(cursor: Any, dialect: Dialect, appends: Sequence[Append]) -> list[int]:
    """Write ``appends`` in the transaction that ``cursor`` is in; the places of those that lost.

    Their stream is closed or gone, or the number that they begin with is not its next one.
    """
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    ends = _ends(cursor, dialect, mark, sorted({each.stream for each in appends}))
    lost, won, moved = [], [], {}
    for place, each in enumerate(appends):
        if ends.get(each.stream) == each.values[0].seq:
            moved[each.stream] = ends[each.stream] = each.values[-1].seq + 1
            won.append(each)
        else:
            lost.append(place)
    # Both databases call the columns of VALUES so.
    first = f"({mark}, {mark})" if dialect.name == "sqlite" else f"(CAST({mark} AS bigint), CAST({mark} AS bigint))"
    for part in _parts(list(moved.items())):
        rows = ", ".join([first, *[f"({mark}, {mark})"] * (len(part) - 1)])
        cursor.execute(
            f"UPDATE streams SET next = moved.column2 FROM (VALUES {rows}) AS moved WHERE id = moved.column1",  # noqa: S608  (our own marks)
            tuple(chain.from_iterable(part)),
        )
    taken = [(each.stream, value) for each in won for value in each.values]
    numbers = [(stream, seq, time, value, score) for stream, (seq, time, value, score, _) in taken]
    answers = [(time, stream, seq, bytearray(answer)) for stream, (seq, time, _, _, answer) in taken]
    _insert(cursor, mark, "stream_values (stream, seq, time, value, score)", numbers)
    _insert(cursor, mark, "stream_answers (time, stream, seq, answer)", answers)
    for each in won:
        if each.learnt is not None:
            learnt = f"UPDATE streams SET judged = {mark}, learnt = {mark} WHERE id = {mark}"  # noqa: S608  (as above)
            cursor.execute(learnt, (each.learnt.judged, bytearray(each.learnt.packed), each.stream))
        if each.forget is not None:
            old = f"FROM stream_values WHERE stream = {mark} AND seq < {mark}"
            answered = f"DELETE FROM stream_answers WHERE (time, stream, seq) IN (SELECT time, stream, seq {old})"  # noqa: S608  (as above)
            for forgotten in (answered, f"DELETE {old}"):
                cursor.execute(forgotten, (each.stream, each.forget))
    return lost


def _insert(cursor: Any, mark: str, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    for part in _parts(rows):
        row = "(" + ", ".join([mark] * len(part[0])) + ")"
        values = ", ".join([row] * len(part))
        cursor.execute(f"INSERT INTO {into} VALUES {values}", tuple(chain.from_iterable(part)))  # noqa: S608  (as above)


def _ends(cursor: Any, dialect: Dialect, mark: str, streams: Sequence[int]) -> dict[int, int]:
    """The next number of each of ``streams`` that is open, which nobody else can move until the transaction ends."""
    ends: dict[int, int] = {}
    lock = "" if dialect.name == "sqlite" else " FOR UPDATE"  # there is one writer anyway
    for part in _parts(streams):
        marks = ", ".join([mark] * len(part))
        asked = f"SELECT id, next FROM streams WHERE id IN ({marks}) AND closed IS NULL ORDER BY id{lock}"  # noqa: S608  (our own marks)
        cursor.execute(asked, tuple(part))
        ends.update(cursor.fetchall())
    return ends


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), _STREAMS_AT_MOST):
        yield rows[start : start + _STREAMS_AT_MOST]
