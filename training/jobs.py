"""Runs work on several models side by side, each in a process of its own; shows progress; cleans up on Ctrl-C.

The processes are this machine's, or a Ray cluster's (``on_ray.py``). Each is a fresh one with one thread of TensorFlow,
so a model comes out the same whatever trains beside it, and wherever.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from training.terminal import say

# Between two looks at the queue, in seconds: how late Ctrl-C is noticed.
POLL = 0.2
# TensorFlow keeps every compiled program for as long as its process lives.
JOBS_A_PROCESS = 10


@dataclass(frozen=True, slots=True)
class Job:
    """``work(*arguments, report)`` in a worker; ``report`` takes a :class:`training.progress.Progress`."""

    label: str
    work: Callable[..., Any]
    arguments: tuple[Any, ...]


class Cluster(NamedTuple):
    """A Ray cluster at ``address`` (None: one that is begun here), and how many jobs it gets at a time (None: all)."""

    address: str | None
    most: int | None


# How many processes of this machine, or which cluster.
Workers = int | Cluster


class News(NamedTuple):
    """How far a job is."""

    label: str
    done: int
    total: int
    loss: float


# What shows it.
Show = Callable[[News], None]


_channel: Any = None
_stopping = False


def run(jobs: Iterable[Job], workers: Workers, console: Console) -> dict[str, Any]:
    """Results by label. The first failure, or Ctrl-C, ends the others and is raised."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    results: dict[str, Any] = {}
    bars: dict[str, Any] = {}
    with _interrupted(), Progress(*columns, console=console) as progress:

        def show(news: News) -> None:
            if news.label not in results:
                if news.label not in bars:
                    bars[news.label] = progress.add_task(news.label, total=news.total, loss="")
                progress.update(bars[news.label], completed=news.done, total=news.total, loss=f"{news.loss:.2e}")

        with closing(_finished(list(jobs), workers, show)) as finished:
            for label, result in finished:
                results[label] = result
                if label in bars:
                    progress.remove_task(bars.pop(label))
                say(progress.console, "done", "green", label)
    return results


def _finished(jobs: list[Job], workers: Workers, show: Show) -> Generator[tuple[str, Any]]:
    """Labels and results as they come."""
    if isinstance(workers, Cluster):
        from training import on_ray  # an extra

        return on_ray.finished(jobs, workers, show)
    return _here(jobs, workers, show)


def _here(waiting: list[Job], workers: int, show: Show) -> Generator[tuple[str, Any]]:
    context = multiprocessing.get_context("spawn")
    news = context.Queue()  # also starts Python's own helper process, which must be before the workers (see _deaf)
    while waiting:
        # A pool of its own for every few jobs: the executor's own way to renew workers can hang (CPython 115634).
        share, waiting = waiting[: JOBS_A_PROCESS * workers], waiting[JOBS_A_PROCESS * workers :]
        pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(news,))
        try:
            yield from _of_pool(pool, share, show, news)
        except BaseException:
            _stop(pool)
            raise
        pool.shutdown()


def _of_pool(pool: ProcessPoolExecutor, jobs: list[Job], show: Show, news: Any) -> Generator[tuple[str, Any]]:
    with _deaf():
        futures = {pool.submit(_work, job): job for job in jobs}
    while futures:
        _pass_on(news, show)
        for future in [each for each in futures if each.done()]:
            job = futures.pop(future)
            yield job.label, future.result()


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


def _pass_on(news: Any, show: Show) -> None:
    wait = POLL
    while True:
        try:
            show(news.get(timeout=wait))
        except queue.Empty:
            return
        wait = 0.0


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
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()
    prepare()
    # Before this SIGTERM ends the worker at once: there is nothing to remove yet, and no import to be torn.
    signal.signal(signal.SIGTERM, _terminated)


def _follow() -> None:
    """End with the process that began this one, however that ends: nobody else would."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101  # a worker has one
    parent.join()
    os._exit(1)


def prepare() -> None:
    """Make this process a worker: one thread of TensorFlow, started."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _silent():
        import keras

        if keras.backend.backend() == "tensorflow":
            from training import trainer

            trainer.use_one_thread()
            trainer.start()


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
        _channel.put(News(job.label, progress.done, progress.total, progress.loss))

    return job.work(*job.arguments, report)
