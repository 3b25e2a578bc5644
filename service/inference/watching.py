"""Keeps a repository up to date for as long as its process runs, each task off the event loop and for ever."""

from __future__ import annotations

import asyncio

from service.inference.repository import Repository

_FOLLOW_SECONDS, _TRY_SECONDS = 0.25, 1.0


async def watch_folder(repository: Repository, seconds: float) -> None:
    """Look into the folders every so many ``seconds``, for ever."""
    while True:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(repository.look)


async def try_others(repository: Repository) -> None:
    """Try the models that were not loaded at once, those that will come too, for ever."""
    while True:
        await asyncio.to_thread(repository.try_others)
        await asyncio.sleep(_TRY_SECONDS)


async def follow_others(repository: Repository) -> None:
    """Do what other processes are told, for ever."""
    while True:
        await asyncio.sleep(_FOLLOW_SECONDS)
        await asyncio.to_thread(repository.follow)
