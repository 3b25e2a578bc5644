"""What is done for as long as a process runs is done again and again, and in no way of the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from service.inference import watching
from service.inference.watching import follow_others, try_others, watch_folder

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Asked:
    """In a repository's place: notes who asks from which thread, and says when somebody has asked three times."""

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.done, self._loop = asyncio.Event(), asyncio.get_running_loop()

    def look(self) -> None:
        self.threads.append(threading.get_ident())
        if len(self.threads) == 3:
            self._loop.call_soon_threadsafe(self.done.set)

    try_others = follow = look


@pytest.mark.parametrize("task", [partial(watch_folder, seconds=0.0), try_others, follow_others])
async def test_a_repository_is_asked_again_and_again_off_the_event_loop(
    task: Callable[..., Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_TRY_SECONDS", 0.0)
    monkeypatch.setattr(watching, "_FOLLOW_SECONDS", 0.0)
    asked: Any = Asked()
    running = asyncio.ensure_future(task(asked))
    await asyncio.wait_for(asked.done.wait(), 60.0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert threading.get_ident() not in asked.threads
