"""Bounds on what is in hand, without a server."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from service.errors import Overloaded
from service.http.admission import DEAR, SMALL_BYTES, Admission, Hand
from service.inference.cancellation import Cancellation, checkpoint


def admission(requests: int = 2, large_bytes: int = 1_000_000, wait: float = 5.0, threads: int = 2) -> Admission:
    return Admission(requests=requests, large_bytes=large_bytes, wait=wait, threads=threads)


def patient() -> Cancellation:
    return Cancellation(3600.0)


def test_one_request_too_many_is_refused_and_the_next_after_it_is_taken() -> None:
    bounded = admission(requests=2)
    with Hand(bounded) as first, Hand(bounded) as second, Hand(bounded) as third:
        first.start()
        second.start()
        with pytest.raises(Overloaded):
            bounded.admit()
        with pytest.raises(Overloaded):
            third.start()
    bounded.admit()
    assert (bounded.requests, bounded.large_bytes) == (0, 0)


def test_a_body_that_is_still_arriving_takes_no_place() -> None:
    bounded = admission(requests=1)
    with Hand(bounded) as slow:
        slow.reading(SMALL_BYTES, complete=False)
        bounded.admit()


def test_large_bodies_are_bounded_by_their_bytes_and_small_ones_are_not() -> None:
    bounded = admission(large_bytes=1_000_000)
    with Hand(bounded) as large, Hand(bounded) as late, Hand(bounded) as small:
        for size in (300_000, 600_000, 900_000):
            large.reading(size, complete=size == 900_000)
        assert bounded.large_bytes == 900_000
        with pytest.raises(Overloaded):
            late.reading(200_000, complete=True)
        small.reading(SMALL_BYTES, complete=True)
    assert bounded.large_bytes == 0


def test_small_bodies_count_until_they_are_complete() -> None:
    bounded = admission(large_bytes=100_000)
    with Hand(bounded) as slow, Hand(bounded) as late:
        slow.reading(30_000, complete=False)
        slow.reading(60_000, complete=False)
        assert bounded.large_bytes == 60_000
        with pytest.raises(Overloaded):
            late.reading(50_000, complete=False)
        slow.reading(61_000, complete=True)
        assert bounded.large_bytes == 0
        late.reading(50_000, complete=False)
    assert bounded.large_bytes == 0


def test_dear_work_leaves_the_threads_for_cheap_work_alone() -> None:
    async def run() -> str:
        bounded, release = admission(threads=2), threading.Event()
        dear = [asyncio.create_task(bounded.in_thread(release.wait, DEAR + 1, patient())) for _ in range(10)]
        try:
            return await bounded.in_thread(lambda: "cheap", 100, patient())
        finally:
            release.set()
            await asyncio.gather(*dear)

    assert asyncio.run(run()) == "cheap"


def test_who_waits_too_long_for_a_thread_is_refused() -> None:
    async def run() -> None:
        bounded, release = admission(wait=0.05, threads=1), threading.Event()
        busy = asyncio.create_task(bounded.in_thread(release.wait, 0, patient()))
        await asyncio.sleep(0)  # the next turn of the loop, in which it takes the thread
        try:
            with pytest.raises(Overloaded, match="waited too long"):
                await bounded.in_thread(release.wait, 0, patient())
        finally:
            release.set()
            await busy
        assert await bounded.in_thread(lambda: 1, 0, patient()) == 1

    asyncio.run(run())


def test_who_would_wait_too_long_is_refused_at_once() -> None:
    async def run() -> None:
        bounded, release = admission(wait=3600.0, threads=1), threading.Event()
        busy = asyncio.create_task(bounded.in_thread(release.wait, 3601e6, patient()))
        await asyncio.sleep(0)
        try:
            with pytest.raises(Overloaded, match="waited too long"):
                await bounded.in_thread(release.wait, DEAR + 1, patient())
            assert await bounded.in_thread(lambda: "cheap", 100, patient()) == "cheap"
        finally:
            release.set()
            await busy
        assert await bounded.in_thread(lambda: "dear", DEAR + 1, patient()) == "dear"

    asyncio.run(run())


def test_who_has_more_patience_waits_longer_for_a_turn() -> None:
    async def run() -> None:
        bounded, release = admission(wait=0.05, threads=1), threading.Event()
        busy = asyncio.create_task(bounded.in_thread(release.wait, 0, patient()))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(bounded.in_thread(lambda: 1, 0, patient(), patience=3600.0))
        try:
            for _ in range(2):  # in which others have waited too long twice
                with pytest.raises(Overloaded, match="waited too long"):
                    await bounded.in_thread(release.wait, 0, patient())
            assert not waiting.done()
        finally:
            release.set()
        assert await waiting == 1
        await busy

    asyncio.run(run())


def test_work_that_was_cancelled_frees_its_thread() -> None:
    async def run() -> None:
        bounded, cancellation, started = admission(threads=1), patient(), threading.Event()

        def work() -> None:
            started.set()
            while True:
                checkpoint()

        busy = asyncio.create_task(bounded.in_thread(work, 0, cancellation))
        await asyncio.to_thread(started.wait)
        cancellation.cancel(KeyError("gone"))
        with pytest.raises(KeyError, match="gone"):
            await busy
        assert await bounded.in_thread(lambda: 1, 0, patient()) == 1

    asyncio.run(asyncio.wait_for(run(), 60))


def test_when_the_process_ends_who_works_and_who_waits_is_refused() -> None:
    async def run() -> None:
        bounded, started = admission(wait=3600.0, threads=1), threading.Event()

        def work() -> None:
            started.set()
            while True:
                checkpoint()

        working = asyncio.create_task(bounded.in_thread(work, 0, patient()))
        await asyncio.to_thread(started.wait)
        waiting = asyncio.create_task(bounded.in_thread(lambda: None, 0, patient()))
        await asyncio.sleep(0)
        bounded.end_by(time.monotonic())
        for each in (working, waiting):
            with pytest.raises(Overloaded, match="the service stops"):
                await each
        with pytest.raises(Overloaded, match="the service stops"):
            await bounded.in_thread(lambda: None, 0, patient())

    asyncio.run(asyncio.wait_for(run(), 60))
