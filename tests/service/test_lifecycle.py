"""A background task that dies takes the process with it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from service.lifecycle import Lifecycle


async def _end() -> None:
    """A task that should have gone on."""


async def _fail() -> None:
    raise RuntimeError("lost")


@pytest.mark.parametrize("work", [_end, _fail])
def test_a_guarded_task_that_ends_makes_the_process_fail(work: type[_end], caplog: pytest.LogCaptureFixture) -> None:
    async def guarded() -> Lifecycle:
        lifecycle = Lifecycle()
        await asyncio.wait([lifecycle.guard("the watcher", work())])
        await asyncio.sleep(0)  # callbacks run in the next turn of the loop
        return lifecycle

    lifecycle = asyncio.run(guarded())
    assert lifecycle.failure == "the watcher ended"
    assert not lifecycle.takes_traffic
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]


def test_a_guarded_task_that_is_cancelled_is_no_failure() -> None:
    async def cancelled() -> Lifecycle:
        lifecycle = Lifecycle()
        task = lifecycle.guard("the watcher", asyncio.Event().wait())
        task.cancel()
        await asyncio.wait([task])
        return lifecycle

    assert asyncio.run(cancelled()).takes_traffic


def test_a_draining_process_asks_for_no_more_traffic() -> None:
    lifecycle = Lifecycle()
    assert lifecycle.takes_traffic
    lifecycle.drain()
    assert not lifecycle.takes_traffic
