"""Reads that may take long: one at a time, each with an end."""

from __future__ import annotations

import asyncio
import gc
import threading
from contextlib import ExitStack
from time import monotonic, sleep

import pytest
from sqlalchemy import Connection, event

from service.errors import Overloaded
from service.request_log import heavy as heavy_module
from service.request_log.heavy import HeavyReads
from service.request_log.interrupt import Interrupt
from service.request_log.listing import Filters
from service.request_log.reader import LogReader

pytestmark = pytest.mark.anyio
ENDLESS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT max(n) FROM numbers"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def endless(reader: LogReader):
    """A read that the database would never end."""

    def read(interrupt: Interrupt) -> None:
        with reader._reading(interrupt) as connection:
            connection.exec_driver_sql(ENDLESS)

    return read


def _released(thread: threading.Event):
    def read(_interrupt: Interrupt) -> str:
        assert thread.wait(30)
        return "read"

    return read


async def test_a_read_past_its_time_is_ended_in_the_database(endless, reader: LogReader) -> None:
    heavy = HeavyReads(0.2)
    with pytest.raises(Overloaded, match=r"longer than 0.2 s") as slow:
        await asyncio.wait_for(heavy.run(endless), 30)
    assert slow.value.code == "log_slow"
    assert await heavy.run(lambda interrupt: reader.sizes(Filters(), 1, None, interrupt)) == []


def test_every_read_has_an_end(url: str) -> None:
    reader = LogReader(url, timeout=0.2)
    with pytest.raises(Overloaded), reader._reading() as connection:
        connection.exec_driver_sql(ENDLESS)
    assert reader.page(Filters(), 1).requests == ()
    reader.close()


def test_the_way_to_the_database_takes_none_of_a_reads_time(reader: LogReader) -> None:
    """As where a database's name is found late."""
    interrupt = Interrupt(0.5)

    @event.listens_for(reader._engine, "engine_connect")
    def connect_late(_connection: Connection) -> None:
        sleep(0.6)

    assert reader.sizes(Filters(), 1, None, interrupt) == []
    with pytest.raises(Overloaded):  # and what is read next has what is left of it
        reader.sizes(Filters(), 1, None, interrupt)


async def test_a_read_ends_when_its_client_leaves_and_the_next_one_has_its_turn(endless, reader: LogReader) -> None:
    heavy = HeavyReads(60.0)
    client = asyncio.Event()
    began = monotonic()
    reading = asyncio.create_task(heavy.run(endless, left=client.wait))
    await asyncio.sleep(0.1)  # into the query
    assert not reading.done()
    client.set()
    with pytest.raises(Overloaded):
        await asyncio.wait_for(reading, 30)
    assert await heavy.run(lambda interrupt: reader.sizes(Filters(), 1, None, interrupt)) == []
    assert monotonic() - began < 30


async def test_a_read_whose_request_is_cancelled_keeps_its_turn_until_its_thread_is_free(endless) -> None:
    heavy = HeavyReads(60.0)
    reading = asyncio.create_task(heavy.run(endless))
    await asyncio.sleep(0.1)
    reading.cancel()
    assert await asyncio.wait_for(heavy.run(lambda _: threading.active_count()), 30)
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_one_is_read_at_a_time_in_the_order_of_asking() -> None:
    heavy = HeavyReads(60.0)
    free = threading.Event()
    running: list[int] = []
    most = 0

    def read(number: int):
        def one(_interrupt: Interrupt) -> int:
            nonlocal most
            running.append(number)
            most = max(most, len(running))
            assert free.wait(30)
            running.remove(number)
            return number

        return one

    tasks = [asyncio.create_task(heavy.run(read(number))) for number in range(5)]
    await asyncio.sleep(0.05)
    free.set()
    assert await asyncio.gather(*tasks) == list(range(5))
    assert most == 1


async def test_who_waits_too_long_or_behind_too_many_is_told_that_the_log_is_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heavy_module, "_MOST_WAITING", 2)
    heavy, free = HeavyReads(60.0), threading.Event()
    first = asyncio.create_task(heavy.run(_released(free)))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as busy:
        await heavy.run(lambda _: None, patience=0.01)
    assert busy.value.code == "log_busy"
    with pytest.raises(Overloaded):
        await heavy.run(lambda _: None, patience=0)
    waiting = [asyncio.create_task(heavy.run(lambda _: "next")) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await heavy.run(lambda _: None)
    patient = asyncio.create_task(heavy.run(lambda _: "late", patience=None))  # a piece of an export under way
    await asyncio.sleep(0)
    free.set()
    assert await asyncio.gather(first, *waiting, patient) == ["read", "next", "next", "late"]


def test_few_exports_are_open_at_once() -> None:
    heavy = HeavyReads(1.0)
    with ExitStack() as places:
        for _ in range(4):
            places.enter_context(heavy.long())
        with pytest.raises(Overloaded), heavy.long():
            pass
    with heavy.long():
        pass


@pytest.mark.parametrize("cancelled", [1, 2])
async def test_a_read_that_fails_after_nobody_waits_troubles_nobody(cancelled: int) -> None:
    """Cancelled once, it is waited for; cancelled again meanwhile, it is not."""
    told: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: told.append(context))
    begun, end = threading.Event(), threading.Event()

    def read(_interrupt: Interrupt) -> None:
        begun.set()
        assert end.wait(30)
        raise Overloaded("too late")

    waiting = asyncio.create_task(HeavyReads(60.0).run(read))
    await asyncio.to_thread(begun.wait, 30)
    for _ in range(cancelled):
        waiting.cancel()
        await asyncio.sleep(0.05)  # so that it waits for something else now
    end.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0.1)  # the thread tells the loop how it ended
    gc.collect()
    assert told == []
