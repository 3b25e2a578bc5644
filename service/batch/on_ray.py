"""Answers parts on a Ray cluster: Ray Data's ``map_batches`` over a pool of actors, each with models of its own.

Only what the parts are goes over the network: an actor reads its part and writes it, so that input and output are to
be where all machines reach them under the same name. A part that was lost with its machine is answered again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import ray
from pydantic import TypeAdapter

from service.batch import output
from service.batch.job import Done, Failed, Job, Part
from service.batch.scoring import Scorer
from service.cluster import joined
from service.errors import BatchStopped, UnrollError

_MOST_BLOCKS = 10_000  # into which Ray divides the parts
_told: TypeAdapter[Done | Failed] = TypeAdapter(Done | Failed)


class Actor:
    """What a worker process of this machine is, inside a cluster."""

    def __init__(self, job: str) -> None:
        """``job`` is a :class:`Job` as JSON; models are loaded with the first part, where a failure can be told."""
        self._job = Job.model_validate_json(job)
        self._scorer: Scorer | None = None
        pa.set_cpu_count(1)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[str]]:
        """Answer the parts in ``batch``."""
        return {"told": [self._answer(Part.model_validate_json(each)).model_dump_json() for each in batch["part"]]}

    def _answer(self, part: Part) -> Done | Failed:
        try:
            if part.number in output.finished(self._job.out):  # by an actor that was lost before it could say so
                return output.done(self._job.out, part)
            if self._scorer is None:
                self._scorer = Scorer(self._job)
            return self._scorer(part)
        except (UnrollError, OSError, pa.ArrowException) as error:
            return Failed.of(error)


def run(job: Job, parts: list[Part], workers: int | None, address: str | None) -> Iterator[Done]:
    """The parts as they are done, by so many actors (None: one a core) of the cluster at ``address`` (None: one here).

    Raises:
        ClusterUnavailable: the cluster cannot be reached, or is lost.
        BatchStopped: a part cannot be read or written.
    """
    if parts:
        with joined(address, workers):
            yield from _answered(job, parts, workers)


def _answered(job: Job, parts: list[Part], workers: int | None) -> Iterator[Done]:
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # how far it is, we say
    rows = [{"part": each.model_dump_json()} for each in parts]
    most = min(workers or int(ray.cluster_resources().get("CPU", 1)), len(parts))
    answers = ray.data.from_items(rows, override_num_blocks=min(len(rows), _MOST_BLOCKS)).map_batches(
        Actor,
        fn_constructor_args=(job.model_dump_json(),),
        batch_size=1,
        num_cpus=1,
        # As many as there is room for: with a machine fewer, those of the others go on.
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most, max_tasks_in_flight_per_actor=2),
    )
    for row in answers.iter_rows():
        told = _told.validate_json(row["told"])
        if isinstance(told, Failed):
            raise BatchStopped(told.detail)
        yield told
