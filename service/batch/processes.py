"""Answers parts on this machine: a process a core, each told its next part when it has done one."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pydantic import TypeAdapter

from service.batch.job import Done, Failed, Job, Part
from service.errors import BatchStopped

# Threads of NumPy's beside a process a core would only wait for each other.
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_TRIES = 2
_told: TypeAdapter[Done | Failed] = TypeAdapter(Done | Failed)


class _Worker:
    """One process and the part that it has in hand."""

    def __init__(self, job: Job) -> None:
        command = [sys.executable, "-m", "service.batch.worker"]
        # In a session of its own: Ctrl-C is for the parent, which ends the others.
        self.process = subprocess.Popen(  # noqa: S603  # our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_ONE_THREAD},
            text=True,
            start_new_session=True,
        )
        assert self.process.stdin is not None  # noqa: S101  # both were asked for
        assert self.process.stdout is not None  # noqa: S101
        self._stdin, self.stdout = self.process.stdin, self.process.stdout
        self.part: Part | None = None
        self._tell(job.model_dump_json())

    def give(self, part: Part) -> None:
        self.part = part
        self._tell(part.model_dump_json())

    def heard(self) -> Done | Failed | None:
        """What it says; None where it has ended."""
        line = self.stdout.readline()
        return _told.validate_json(line) if line else None

    def end(self, *, now: bool) -> None:
        if now:
            self.process.kill()
        with suppress(BrokenPipeError):
            self._stdin.close()
        self.process.wait()
        self.stdout.close()

    def _tell(self, line: str) -> None:
        with suppress(BrokenPipeError):  # it has ended, as its silence will say
            print(line, file=self._stdin, flush=True)


def run(job: Job, parts: list[Part], workers: int) -> Iterator[Done]:
    """The parts as they are done, by so many processes; one that dies is replaced, and its part given to another.

    Raises:
        BatchStopped: a part cannot be read or written, or two processes died at it.
    """
    waiting, tries = deque(parts), Counter[int]()
    with selectors.DefaultSelector() as selector:
        team: list[_Worker] = []
        try:
            while waiting or team:
                while waiting and len(team) < workers:
                    with _undisturbed():
                        team.append(_begin(job, waiting, selector))
                for key, _ in selector.select():
                    worker: _Worker = key.data
                    told, part = worker.heard(), worker.part
                    assert part is not None  # noqa: S101  # nobody in the team is without one
                    if isinstance(told, Failed):
                        raise BatchStopped(told.detail)
                    if told is None:
                        tries[part.number] += 1
                        if tries[part.number] == _TRIES:
                            raise BatchStopped(_lost(worker, part))
                        waiting.appendleft(part)
                    if told is None or not waiting:
                        selector.unregister(worker.stdout)
                        team.remove(worker)
                        worker.end(now=told is None)
                    else:
                        worker.give(waiting.popleft())
                    if told is not None:
                        yield told
        finally:
            for worker in team:
                worker.end(now=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait: else a process could be there that nobody knows of yet, and so nobody ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(job: Job, waiting: deque[Part], selector: selectors.BaseSelector) -> _Worker:
    worker = _Worker(job)
    worker.give(waiting.popleft())
    selector.register(worker.stdout, selectors.EVENT_READ, worker)
    return worker


def _lost(worker: _Worker, part: Part) -> str:
    code = worker.process.wait()
    ended = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
    return (
        f"two workers were lost at part {part.number}, the last one {ended}; out of memory, perhaps: ask for fewer "
        "with --workers. What is done stays: the same command goes on from there"
    )
