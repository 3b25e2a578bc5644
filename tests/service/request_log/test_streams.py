"""Streams on record: appended exactly once, whoever else appends, and gone when they are to be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from service.errors import AppendLost, LogUnavailable, UnknownStream
from service.request_log.appending import Append, Learnt, Value
from service.request_log.maintenance import check
from service.request_log.retention import delete_client
from service.request_log.streams import Stream, StreamReader, close, enter, made, remove
from service.request_log.writer import LogWriter
from tests.service.request_log.conftest import Execute, MakeRow, OpenWriter

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def streams(url: str) -> Iterator[StreamReader]:
    reader = StreamReader(url, timeout=5.0)
    yield reader
    reader.close()


async def _new(log: LogWriter, name: str = "meter", client: str = "") -> Stream:
    found, _ = await log.run(enter(made(client, name, "{}", "sine-gru", "1")))
    return found


def _append(stream: Stream, seq: int, *values: float | None) -> Append:
    return Append(stream.id, [Value(seq + n, 7, value, 0.5, b"{}") for n, value in enumerate(values)])


async def test_values_are_read_back_to_the_bit(open_writer: OpenWriter, streams: StreamReader) -> None:
    values = [0.1, None, -1e300, 5e-324, 1.0000000000000002]
    async with open_writer() as log:
        stream = await _new(log)
        assert await log.append([_append(stream, 0, *values)]) == [None]
    assert [each.value for each in streams.values(stream.id, 0, 10)] == values
    assert streams.get("", "meter").next == len(values)


async def test_of_two_that_append_the_same_number_one_is_told_that_it_lost(
    open_writer: OpenWriter, streams: StreamReader, make_row: MakeRow
) -> None:
    async with open_writer() as one, open_writer() as other:
        stream = await _new(one)
        for seq in range(20):
            row = make_row()
            recorded = asyncio.create_task(one.record(row))
            told = one.append([_append(stream, seq, 1.0)]), other.append([_append(stream, seq, 2.0)])
            ended = [failure for failures in await asyncio.gather(*told) for failure in failures]
            await recorded  # whoever lost took nobody else's row along
            assert sorted(type(each) for each in ended if each is not None) == [AppendLost]
    found = streams.values(stream.id, 0, 100)
    assert [each.seq for each in found] == list(range(20))


async def test_what_follows_in_one_transaction_is_appended_and_what_does_not_is_not(
    open_writer: OpenWriter, streams: StreamReader
) -> None:
    async with open_writer() as log:
        one, other = await _new(log, "one"), await _new(log, "other")
        asked = [_append(one, 0, 1.0), _append(other, 1, 1.0), _append(one, 1, 2.0, 3.0), _append(one, 2, 4.0)]
        ended = await log.append(asked)
    assert [type(each) for each in ended] == [type(None), AppendLost, type(None), AppendLost]
    assert [each.value for each in streams.values(one.id, 0, 100)] == [1.0, 2.0, 3.0]
    assert streams.values(other.id, 0, 100) == []


async def test_many_streams_take_values_in_one_transaction(open_writer: OpenWriter, streams: StreamReader) -> None:
    async with open_writer() as log:
        made_ones = [await _new(log, f"meter-{number:03}") for number in range(300)]
        commits = log.stats.commits
        await log.append([_append(each, 0, float(n), None) for n, each in enumerate(made_ones)])
        assert log.stats.commits == commits + 1
    assert [each.next for each in streams.page("", 1000, None)] == [2] * 300
    assert [each.name for each in streams.page("", 2, "meter-010")] == ["meter-011", "meter-012"]
    assert [each.value for each in streams.values(made_ones[299].id, 0, 9)] == [299.0, None]


async def test_what_is_to_be_forgotten_goes_and_what_was_learnt_stays(
    open_writer: OpenWriter, streams: StreamReader
) -> None:
    async with open_writer() as log:
        stream = await _new(log)
        await log.append([_append(stream, 0, *range(10))])
        later = Append(stream.id, [Value(10, 7, 10.0, 0.25, b"last")], forget=4, learnt=Learnt(8, b"\x00\xff"))
        await log.append([later])
    tail = streams.tails("", ["meter", "nobody"], lambda found: found.next - 5)["meter"]
    assert tail.values == [(seq, float(seq)) for seq in range(6, 11)]
    assert tail.scores == [(8, 0.5), (9, 0.5), (10, 0.25)]
    assert (tail.stream.judged, tail.stream.learnt, tail.answer) == (8, b"\x00\xff", b"last")
    assert streams.first(stream.id) == 4


async def test_a_closed_stream_takes_nothing_and_one_that_was_made_anew_nothing_of_the_old(
    open_writer: OpenWriter, url: str, streams: StreamReader
) -> None:
    async with open_writer() as log:
        old = await _new(log)
        await log.append([_append(old, 0, 1.0)])
        closed = await log.run(close("", "meter"))
        assert closed.closed is not None
        assert (await log.run(close("", "meter"))).closed == closed.closed
        assert isinstance((await log.append([_append(old, 1, 1.0)]))[0], AppendLost)
        assert await log.run(remove("", "meter")) == 1
        new = await _new(log)
        assert isinstance((await log.append([_append(old, 0, 1.0)]))[0], AppendLost)
        for job in (close("", "nobody"), remove("", "nobody"), close("somebody", "meter")):
            with pytest.raises(UnknownStream):
                await log.run(job)
    assert new.id != old.id
    assert streams.ends([old.id, new.id]) == {new.id: (0, False)}
    assert check(url) == []


async def test_a_stream_is_made_once_whoever_asks(open_writer: OpenWriter) -> None:
    async with open_writer() as one, open_writer() as other:
        found = await asyncio.gather(*[_new(log, "meter") for log in (one, other) * 5])
    assert len({each.id for each in found}) == 1


async def test_a_client_s_streams_are_deleted_with_its_requests_and_no_others(
    open_writer: OpenWriter, url: str, streams: StreamReader, make_row: MakeRow
) -> None:
    async with open_writer() as log:
        mine, other = await _new(log, "mine", "alice"), await _new(log, "mine", "bob")
        await _new(log, "empty", "alice")
        await log.record(make_row(client="alice"))
        await log.append([_append(mine, 0, *[1.0] * 2500), _append(other, 0, 1.0)])
        assert await delete_client(log, "alice") == 2500 + 2 + 1
    assert streams.page("alice", 10, None) == []
    assert len(streams.values(other.id, 0, 10)) == 1
    assert check(url) == []


async def test_a_stream_refuses_where_it_cannot_be_written_even_if_requests_are_served(
    open_writer: OpenWriter, execute: Execute, make_row: MakeRow
) -> None:
    async with open_writer(on_failure="serve") as log:
        stream = await _new(log)
        execute("DROP TABLE stream_values")
        assert isinstance((await log.append([_append(stream, 0, 1.0)]))[0], LogUnavailable)
        await log.record(make_row())


async def test_values_that_belong_to_no_stream_are_found(open_writer: OpenWriter, execute: Execute, url: str) -> None:
    async with open_writer() as log:
        stream = await _new(log)
        await log.append([_append(stream, 0, 1.0)])
    execute("DELETE FROM streams")
    assert check(url) == ["1 values belong to no stream"]
