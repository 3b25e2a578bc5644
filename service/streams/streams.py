"""The streams of a service: made, found, and moved on, each value once. Knows no HTTP.

A stream belongs to no process. Whoever is asked takes its end from the record, answers, and appends on the condition
that it is still the end; who loses looks again. What is held in memory of a stream saves that look, and is dropped as
soon as it is not certain to be what is on record.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import time
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from anyio import to_thread

from service.errors import AppendLost, InvalidInput, Problem, StreamConflict, UnknownStream, UnrollError
from service.inference.engine import Engine
from service.inference.price import Price
from service.inference.sequences import Rows
from service.request_log.appending import Append, Value
from service.request_log.streams import Stream, StreamReader, close, enter, made, remove
from service.request_log.writer import LogWriter
from service.streams.definition import Definition
from service.streams.events import Events
from service.streams.follower import follower
from service.streams.following import Following, Known, first_read
from service.streams.foretelling import predictions
from service.streams.held import Held
from service.telemetry.metrics import Metrics

T = TypeVar("T")

# Times that an append is tried again because somebody else was first.
_ATTEMPTS = 8


class Posted(NamedTuple):
    """``values`` for a stream of that name, the first of which is number ``seq``."""

    name: str
    seq: int
    values: Sequence[Known]


class Appended(NamedTuple):
    """What was answered to posted values, as JSON each; ``replayed`` where all of them were on record already."""

    name: str
    seq: int
    next: int
    replayed: bool
    answers: list[bytes]


class Work(Protocol):
    """Lets ``work`` of that price, for so many posted values, run where there is room for it, or raises a refusal."""

    def __call__(self, work: Callable[[], T], price: Price) -> Awaitable[T]: ...


class Streams:
    """One per process, for the event loop's thread."""

    def __init__(
        self, engine: Engine, log: LogWriter, reader: StreamReader, metrics: Metrics, *, followers: int, memory: int
    ) -> None:
        """So many ``followers`` may wait for values at once; so many bytes of ``memory`` hold streams."""
        self.engine, self._log, self.reader, self._metrics = engine, log, reader, metrics
        self.events = Events(reader, metrics, followers)
        self._held = Held(memory)

    async def put(self, client: str, name: str, asked: Definition) -> tuple[Stream, bool]:
        """The stream of that name as ``asked`` for, and whether it was made now.

        Raises:
            StreamConflict: there is one of other settings.
            InvalidInput: nobody can follow a stream so.
            UnknownModel: there is no such model, nor ModelUnavailable: it cannot be loaded.
        """
        model = follower(self.engine, asked)
        new = made(client, name, asked.packed(), model.card.name, model.card.version)
        found, is_new = await self._log.run(enter(new))
        before = Definition.unpacked(found.asked)
        if not is_new and asked not in (before, before.pinned(found.model, found.version)):
            raise StreamConflict("there is a stream of that name with other settings", code="stream_exists")
        return found, is_new

    async def get(self, client: str, name: str) -> Stream:
        """The stream of that name; raises :class:`UnknownStream`."""
        return await to_thread.run_sync(self.reader.get, client, name)

    async def close(self, client: str, name: str) -> Stream:
        """Close a stream for good; raises :class:`UnknownStream`."""
        self._held.take(client, name)
        closed = await self._log.run(close(client, name))
        self.events.appended(closed.id)
        return closed

    async def remove(self, client: str, name: str) -> int:
        """Delete a stream with its values, and say how many those were; raises :class:`UnknownStream`."""
        self._held.take(client, name)
        return await self._log.run(remove(client, name))

    async def context(self, client: str, name: str) -> tuple[Stream, Rows]:
        """A stream and what the answer to its last value read, one sequence.

        Raises:
            UnknownStream: there is none of that name.
            InvalidInput: nothing can be said of what comes next.
        """
        following = (await self._build(client, [name])).get(name)
        if following is None:
            raise _unknown()
        context = following.context()
        if np.isnan(context).all():
            expected = "a stream with at least one value that is no gap"
            raise InvalidInput(f"expected {expected}", code="only_gaps", problems=(Problem("stream", expected),))
        return following.stream, Rows(context[None], np.array([len(context)]))

    async def append(self, client: str, posted: Sequence[Posted], work: Work) -> list[Appended | UnrollError]:
        """What is answered to each of ``posted``, of as many streams, when it is on record; or what refuses it.

        Raises what ``work`` raises, and then nothing was appended.
        """
        found: dict[str, Appended | UnrollError] = {}
        pending = list(posted)
        for _ in range(_ATTEMPTS):
            pending = await self._try(client, pending, work, found)
            if not pending:
                break
        for each in pending:
            found[each.name] = AppendLost("too many append to this stream at once; send the same again")
        return [found[each.name] for each in posted]

    async def _try(
        self, client: str, posted: list[Posted], work: Work, found: dict[str, Appended | UnrollError]
    ) -> list[Posted]:
        """Put into ``found`` what came of ``posted``; those that lost against somebody else are given back."""
        followed = await self._follow(client, posted)
        new: list[_New] = []
        for each in posted:
            following = followed.get(each.name)
            try:
                if following is None:
                    raise _unknown()
                on_record = [] if _is_next(each, following) else await self._on_record(each, following)
                values = list(each.values[len(on_record) :])
                if values:
                    following.require(self.engine, values, len(on_record))
                    new.append(_New(each, following, values, on_record))
                else:
                    found[each.name] = Appended(each.name, each.seq, following.next, True, on_record)
            except StreamConflict as conflict:
                self._metrics.conflicted(conflict.code)
                found[each.name] = conflict
            except UnrollError as error:
                found[each.name] = error
        return await self._answer(new, work, found) if new else []

    async def _answer(self, new: list[_New], work: Work, found: dict[str, Appended | UnrollError]) -> list[Posted]:
        price, values = self._price(new), sum(len(each.values) for each in new)
        answered = await work(partial(_answered, self.engine, new), price._replace(values=values))
        for each, append in zip(new, answered, strict=True):
            if isinstance(append, UnrollError):
                found[each.posted.name] = append
        ready = [(each, its) for each, its in zip(new, answered, strict=True) if isinstance(its, Append)]
        again: list[Posted] = []
        taken = flagged = 0
        for (each, append), failure in zip(ready, await self._log.append([append for _, append in ready]), strict=True):
            posted, following = each.posted, each.following
            if isinstance(failure, AppendLost):
                self._metrics.conflicted(AppendLost.code)
                again.append(posted)
            elif failure is not None:  # nobody knows what is on record now
                found[posted.name] = failure
            else:
                answers = [*each.on_record, *[value.answer for value in append.values]]
                found[posted.name] = Appended(posted.name, posted.seq, following.next, False, answers)
                taken, flagged = taken + len(append.values), flagged + following.flagged
                self._held.put(following)
                self.events.appended(following.stream.id)
        self._metrics.streamed(taken, flagged)
        self._metrics.streams(held=len(self._held))
        return again

    def _price(self, new: list[_New]) -> Price:
        """What all answers cost; those of one model are computed together."""
        groups: dict[tuple[str, str], list[int]] = {}
        for each in new:
            its = groups.setdefault((each.following.stream.model, each.following.stream.version), [])
            its += each.following.reads(len(each.values))
        prices = self.engine.prices
        found = [prices.predict(len(its), sum(its), *model) for model, its in groups.items()]
        return Price(sum(each.microseconds for each in found), 0, sum(each.fixed for each in found))

    async def _on_record(self, posted: Posted, following: Following) -> list[bytes]:
        """The answers to the first of the ``posted`` values, as far as those are on record.

        Raises:
            StreamConflict: the values are not those on record, or do not follow on them, or the stream is closed.
        """
        end, overlap = following.next, min(following.next - posted.seq, len(posted.values))
        if overlap < 0:
            raise _conflict("seq_gap", "values are missing before these", end)
        rows: list[Value] = []
        if overlap:
            rows = await to_thread.run_sync(self.reader.values, following.stream.id, posted.seq, overlap)
            if [row.seq for row in rows] != list(range(posted.seq, posted.seq + overlap)):
                raise _conflict("seq_forgotten", "these values came long ago and are not kept", end)
            differ = [row.seq for row, value in zip(rows, posted.values, strict=False) if row.value != value]
            if differ:
                raise _conflict("seq_conflict", f"another value of seq {differ[0]} is on record", end)
        if overlap < len(posted.values) and following.stream.closed is not None:
            raise StreamConflict("the stream is closed", code="stream_closed")
        return [row.answer for row in rows]

    async def _follow(self, client: str, posted: list[Posted]) -> dict[str, Following]:
        """Those streams that there are after their last value, the caller's to move on.

        One that is held may be behind what is on record, which an append would notice; so it is good for nothing else.
        """
        found = {}
        for each in posted:
            following = self._held.take(client, each.name)
            if following is not None and following.next == each.seq:
                found[each.name] = following
        missing = [each.name for each in posted if each.name not in found]
        if missing:
            found |= await self._build(client, missing)
            self._metrics.rebuilt(len(missing))
        return found

    async def _build(self, client: str, names: list[str]) -> dict[str, Following]:
        def build() -> dict[str, Following]:
            tails = self.reader.tails(client, names, first_read)
            return {name: Following(tail) for name, tail in tails.items()}

        return await to_thread.run_sync(build)


class _New(NamedTuple):
    """``values`` that were ``posted`` for ``following`` after those whose answers are ``on_record``."""

    posted: Posted
    following: Following
    values: list[Known]
    on_record: list[bytes]


def _answered(engine: Engine, new: list[_New]) -> list[Append | UnrollError]:
    """What is to be appended to each stream, or what refuses it."""
    try:
        told = predictions(engine, [(each.following, each.values) for each in new])
    except UnrollError as error:
        if len(new) == 1:
            return [error]
        return [_answered(engine, [each])[0] for each in new]  # it is one of them: each for itself
    now = round(time() * 1e6)
    rows = zip(new, told, strict=True)
    return [each.following.answer(each.values, its, now, each.posted.seq) for each, its in rows]


def _is_next(posted: Posted, following: Following) -> bool:
    """Whether all that was ``posted`` is new, and may be taken."""
    return posted.seq == following.next and following.stream.closed is None


def _conflict(code: str, why: str, end: int) -> StreamConflict:
    return StreamConflict(f"{why}: the stream expects seq {end}", code=code, problems=(Problem("seq", str(end)),))


def _unknown() -> UnknownStream:
    return UnknownStream("there is no stream of that name; PUT /streams/{name} makes one")
