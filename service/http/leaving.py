"""Notices that a client has gone while its answer is computed, so that nobody goes on computing it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Receive

from service.http.body import Disconnected
from service.inference.cancellation import Cancellation


@asynccontextmanager
async def cancelled_with(receive: Receive, cancellation: Cancellation) -> AsyncIterator[None]:
    """Cancel when the client leaves, whose body was received whole."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass  # uvicorn may tell once more that the body is complete
        cancellation.cancel(Disconnected())

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
