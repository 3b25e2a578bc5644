"""Runs work on several models side by side, each in a process of its own; shows progress; cleans up on Ctrl-C.

A worker is a fresh process with one thread of TensorFlow, so a model comes out the same whatever trains beside it.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from training.terminal import say

# Between two looks at the queue, in seconds: how late Ctrl-C is noticed.
_POLL = 0.2
# TensorFlow keeps every compiled program for as long as its process lives.
_JOBS_A_PROCESS = 10


@dataclass(frozen=True, slots=True)
class Job:
    """``work(*arguments, report)`` in a worker; ``report`` takes a :class:`training.trainer.Progress`."""

    label: str
    work: Callable[..., Any]
    arguments: tuple[Any, ...]


class _News(NamedTuple):
    label: str
    done: int
    total: int
    loss: float


_channel: Any = None
_stopping = False


def run(jobs: Iterable[Job], workers: int, console: Console) -> dict[str, Any]:
    """Results by label. The first failure, or Ctrl-C, ends the others and is raised."""
    waiting = list(jobs)
    context = multiprocessing.get_context("spawn")
    news = context.Queue()  # also starts Python's own helper process, which must be before the workers (see _deaf)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    results: dict[str, Any] = {}
    with _interrupted(), Progress(*columns, console=console) as progress:
        while waiting:
            # A pool of its own for every few jobs: the executor's own way to renew workers can hang (CPython 115634).
            share, waiting = waiting[: _JOBS_A_PROCESS * workers], waiting[_JOBS_A_PROCESS * workers :]
            pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(news,))
            try:
                results |= _run(pool, share, progress, news)
            except BaseException:
                _stop(pool)
                raise
            pool.shutdown()
    return results


def _run(pool: ProcessPoolExecutor, jobs: list[Job], progress: Progress, news: Any) -> dict[str, Any]:
    results: dict[str, Any] = {}
    bars: dict[str, Any] = {}
    with _deaf():
        futures = {pool.submit(_work, job): job for job in jobs}
    while futures:
        _show(progress, bars, news)
        for future in [each for each in futures if each.done()]:
            job = futures.pop(future)
            results[job.label] = future.result()
            _show(progress, bars, news)
            if job.label in bars:
                progress.remove_task(bars.pop(job.label))
            say(progress.console, "done", "green", job.label)
    return results


@contextmanager
def _interrupted() -> Iterator[None]:
    """Ctrl-C, and SIGTERM which is Ctrl-C from afar, raise KeyboardInterrupt: the workers must not be left behind.

    Whoever starts a program in the background has it ignore Ctrl-C, and so it stays.
    """
    signals = [signal.SIGTERM, *([signal.SIGINT] if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN else [])]
    before = {each: signal.signal(each, signal.default_int_handler) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that start now never hear Ctrl-C, not even while they import; this one hears it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _show(progress: Progress, bars: dict[str, Any], news: Any) -> None:
    wait = _POLL
    while True:
        try:
            item = news.get(timeout=wait)
        except queue.Empty:
            return
        wait = 0.0
        if item.label not in bars:
            bars[item.label] = progress.add_task(item.label, total=item.total, loss="")
        progress.update(bars[item.label], completed=item.done, total=item.total, loss=f"{item.loss:.2e}")


def _stop(pool: ProcessPoolExecutor) -> None:
    # A second Ctrl-C must not leave workers behind.
    for again in (signal.SIGINT, signal.SIGTERM):
        signal.signal(again, signal.SIG_IGN)
    # SIGTERM reaches a worker as an exception (see _start), so that it removes what it had half-written.
    workers = list((pool._processes or {}).values())
    for worker in workers:
        if worker.is_alive():
            worker.terminate()
    pool.shutdown(wait=True, cancel_futures=True)


def _start(news: Any) -> None:
    global _channel
    _channel = news
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with _silent():
        import keras

        if keras.backend.backend() == "tensorflow":
            from training import trainer

            trainer.use_one_thread()
            trainer.start()
    # Before this SIGTERM ends the worker at once: there is nothing to remove yet, and no import to be torn.
    signal.signal(signal.SIGTERM, _terminated)


@contextmanager
def _silent() -> Iterator[None]:
    # TensorFlow greets on file descriptor 2 before it has read its own log level.
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _terminated(*_: object) -> None:
    global _stopping
    _stopping = True
    raise SystemExit(143)


def _work(job: Job) -> Any:
    # The pool hands a worker its next job before it is asked whether to go on.
    if _stopping:
        raise SystemExit(143)

    def report(progress: Any) -> None:
        _channel.put(_News(job.label, progress.done, progress.total, progress.loss))

    return job.work(*job.arguments, report)
