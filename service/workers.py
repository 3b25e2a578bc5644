"""Keeps several server processes alive on one socket. Knows processes and signals, no HTTP."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from service.listener import turn_newcomers_away
from service.settings import Settings

START_FAILED = 3  # a worker's exit code when it would fail in the same way again
_RESPAWN_SECONDS = 1.0  # between two starts in one place: a worker that dies at once must not spin

# A fork has what its parent imported, at no time and in the same memory. It is safe here: the parent has one thread and
# no session of a native library. Elsewhere the system's own libraries do not survive one, or there is none.
_CONTEXT = multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")

log = logging.getLogger("uvicorn.error")

Target = Callable[[Settings, socket.socket, bool], None]


class Workers:
    """``settings.workers`` processes that run ``target(settings, listener, is_first)``; one that dies is replaced."""

    def __init__(self, target: Target, settings: Settings, listener: socket.socket, *, stop_seconds: float) -> None:
        """``stop_seconds`` is how long a worker may take to end after its drain before it is killed."""
        self._target, self._settings, self._listener = target, settings, listener
        self._stop_seconds = stop_seconds
        self._alive: dict[int, BaseProcess] = {}
        self._started: dict[int, float] = {}

    def run(self) -> int:
        """Until a signal ends it; the exit code."""
        gc.freeze()  # a collection writes into every object that it looks at, which would end the sharing
        with _signals() as signalled:
            for place in range(self._settings.workers):
                self._start(place, is_first=place == 0)
            while not wait([signalled], timeout=0):
                wait([signalled, *(process.sentinel for process in self._alive.values())], self._pause())
                if any(process.exitcode == START_FAILED for process in self._alive.values()):
                    self._stop()
                    return START_FAILED
                self._replace()
            return self._stop()

    def _start(self, place: int, *, is_first: bool = False) -> None:
        arguments = (self._target, self._settings, self._listener, is_first)
        process = _CONTEXT.Process(target=_work, args=arguments, name=f"worker-{place}")
        if sys.platform != "linux":
            resource_tracker.ensure_running()  # Python's own helper; when it starts, it lets Ctrl-C through again
        # A fork has this process's handlers, which would end the whole service, until it has taken them off.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ending_signals())
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._alive[place], self._started[place] = process, time.monotonic()

    def _pause(self) -> float | None:
        """Seconds until a dead worker may be replaced; None when all are alive."""
        missing = self._started.keys() - self._alive.keys()
        return max(0.0, min(map(self._due, missing)) - time.monotonic()) if missing else None

    def _due(self, place: int) -> float:
        return self._started[place] + _RESPAWN_SECONDS

    def _replace(self) -> None:
        for place, process in list(self._alive.items()):
            if process.exitcode is not None:
                log.error("worker %d ended with code %d and is replaced", process.pid, process.exitcode)
                del self._alive[place]
        for place in self._started.keys() - self._alive.keys():
            if time.monotonic() >= self._due(place):
                self._start(place)

    def _stop(self) -> int:
        """0 when every worker ended well in time."""
        for process in self._alive.values():
            process.terminate()
        self._join(self._settings.drain_seconds)
        turn_newcomers_away(self._listener)  # before the workers close it: only here is known that all of them will
        self._listener.close()
        self._join(self._stop_seconds)
        for process in self._alive.values():
            if process.exitcode is None:
                log.error("worker %d did not end in time and is killed", process.pid)
                process.kill()
                process.join()
        # A worker that was still starting has no handler yet, and nothing to finish.
        return 0 if all(process.exitcode in (0, -signal.SIGTERM) for process in self._alive.values()) else 1

    def _join(self, seconds: float) -> None:
        """Until every worker has ended, for at most ``seconds``."""
        deadline = time.monotonic() + seconds
        for process in self._alive.values():
            process.join(max(0.0, deadline - time.monotonic()))


def _work(target: Target, settings: Settings, listener: socket.socket, is_first: bool) -> None:
    """What a worker does, ended at once by what ends its parent until it has handlers of its own.

    But for Ctrl-C, which reaches every process of a terminal: workers are told once when to end, by their parent.
    """
    others = set(ending_signals()) - {signal.SIGINT}
    for each in others:
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, others)
    target(settings, listener, is_first)


def ending_signals() -> tuple[signal.Signals, ...]:
    """What asks a service to end: Ctrl-C, SIGTERM, and a terminal that goes, unless nohup said to outlive it."""
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    if hang_up is None or signal.getsignal(hang_up) == signal.SIG_IGN:
        return (signal.SIGINT, signal.SIGTERM)
    return (signal.SIGINT, signal.SIGTERM, hang_up)


@contextmanager
def _signals() -> Iterator[int]:
    """A descriptor that becomes readable when the process is asked to end."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    asked = lambda *_: os.write(writing, b"\0")  # noqa: E731  (a handler needs no name)
    before = {each: signal.signal(each, asked) for each in ending_signals()}
    try:
        yield reading
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        os.close(reading)
        os.close(writing)
