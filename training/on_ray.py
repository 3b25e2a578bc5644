"""Runs jobs on a Ray cluster, each as a task with a core of its own; one that is lost with its machine is done again.

Tasks read and write files by themselves, in the folder where the command was begun: on a disk that all machines share.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from functools import cache
from typing import Any

import ray
from ray.exceptions import RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from service.cluster import joined
from training.jobs import JOBS_A_PROCESS, POLL, Cluster, Job, News, Show, prepare

_TRIES = 10  # again, each time that its machine is lost
_END_SECONDS = 30.0  # in which a task that is called off removes what it had half-written


def finished(jobs: list[Job], cluster: Cluster, show: Show) -> Generator[tuple[str, Any]]:
    """Labels and results as they come.

    Raises:
        ClusterUnavailable: the cluster cannot be reached, or is lost.
        Exception: what a job raised; the others are called off.
    """
    failure: Exception | None = None
    with joined(cluster.address, cluster.most):
        try:
            yield from _answered(jobs, cluster.most, show)
        except RayTaskError as error:  # of the job, and not of the cluster
            failure = error.cause
    if failure is not None:
        raise failure


def _answered(waiting: list[Job], most: int | None, show: Show) -> Generator[tuple[str, Any]]:
    # With this process it is lost in any case.
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    news = ray.remote(num_cpus=0, scheduling_strategy=here)(_Channel).remote()
    task = ray.remote(num_cpus=1, max_calls=JOBS_A_PROCESS, max_retries=_TRIES)(_work)
    pending: dict[Any, str] = {}
    try:
        while waiting or pending:
            while waiting and (most is None or len(pending) < most):
                job = waiting.pop(0)
                pending[task.remote(job, os.getcwd(), news)] = job.label
            done, _ = ray.wait([*pending], timeout=POLL)
            for each in ray.get(news.taken.remote()):
                show(each)
            for reference in done:
                yield pending[reference], ray.get(reference)
                del pending[reference]
    except BaseException:
        _call_off([*pending])
        raise


def _call_off(pending: list[Any]) -> None:
    """End what is under way: as by Ctrl-C first, and then for good what has not ended by itself."""
    for force in (False, True):
        for each in pending:
            ray.cancel(each, force=force)
        _, pending = ray.wait(pending, num_returns=len(pending), timeout=_END_SECONDS)


class _Channel:
    """How far the tasks are, the last word of each, until it is taken."""

    def __init__(self) -> None:
        self._news: dict[str, News] = {}

    def put(self, news: News) -> None:
        self._news[news.label] = news

    def taken(self) -> list[News]:
        taken, self._news = self._news, {}
        return [*taken.values()]


def _work(job: Job, folder: str, news: Any) -> Any:
    os.chdir(folder)
    _prepare_once()

    def report(progress: Any) -> None:
        news.put.remote(News(job.label, progress.done, progress.total, progress.loss))

    return job.work(*job.arguments, report)


_prepare_once = cache(prepare)
