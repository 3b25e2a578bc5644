"""Counts and durations of one service, for Prometheus. Knows no HTTP, no models and no database.

With several worker processes each writes its numbers into files of one folder, and whichever is asked adds them up;
prometheus-client decides that when it is imported, by PROMETHEUS_MULTIPROC_DIR, which the parent sets.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, disable_created_metrics, values
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_REQUEST_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_INFERENCE_BUCKETS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0)
SEVERAL = "several"
# Of the text format and of OpenMetrics.
_VERSIONS = {"0.0.1", "0.0.4", "1.0.0"}


class LogNumbers(NamedTuple):
    """What the request log counts since the start of the process, and what waits in it now.

    ``commit_seconds`` is the sum over ``commits`` transactions.
    """

    queued_rows: int
    queued_bytes: int
    committed_rows: int
    skipped_rows: int
    commits: int
    commit_seconds: float


class Metrics:
    """The numbers of one application. ``models`` are references such as ``sine-gru/1``."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a time of creation per series says nothing here
        self._registry = registry = CollectorRegistry()
        labels = ["endpoint", "model", "status"]
        self._requests = Counter(
            "unroll_requests", "Requests to computing endpoints that were answered.", labels, registry=registry
        )
        self._seconds = Histogram(
            "unroll_request_duration_seconds",
            "From the first byte of a request to its answer, the committed row included.",
            labels,
            buckets=_REQUEST_BUCKETS,
            registry=registry,
        )
        self._inference = Histogram(
            "unroll_inference_duration_seconds",
            "Models and rules at work on one request.",
            ["model"],
            buckets=_INFERENCE_BUCKETS,
            registry=registry,
        )
        self._queued_rows = Gauge(
            "unroll_log_queue_rows",
            "Rows that wait for the request log.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._queued_bytes = Gauge(
            "unroll_log_queue_bytes", "Bytes of bodies that wait.", multiprocess_mode="livesum", registry=registry
        )
        self._log_counters = {
            "committed_rows": Counter("unroll_log_rows_committed", "Rows on record.", registry=registry),
            "skipped_rows": Counter("unroll_log_rows_skipped", "Rows given up.", registry=registry),
            "commits": Counter("unroll_log_commits", "Transactions of the request log.", registry=registry),
            "commit_seconds": Counter("unroll_log_commit_seconds", "Time spent in them.", registry=registry),
        }
        self._stream_values = Counter("unroll_stream_values", "Values that streams took.", registry=registry)
        self._stream_flags = Counter("unroll_stream_flags", "Values that were flagged as odd.", registry=registry)
        self._stream_rebuilds = Counter(
            "unroll_stream_rebuilds", "Streams that were rebuilt from the record to go on.", registry=registry
        )
        self._stream_conflicts = Counter(
            "unroll_stream_conflicts",
            "Values that a stream did not take: by the code of the refusal, or append_lost where it looked again.",
            ["code"],
            registry=registry,
        )
        self._streams_held = Gauge(
            "unroll_streams_held",
            "Streams that go on without a look at the record: those that took a value lately.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._stream_followers = Gauge(
            "unroll_stream_followers",
            "Connections that wait for the events of streams.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._v2_sequences = Counter(
            "unroll_v2_sequences", "Sequences answered by the v2 protocol.", ["model"], registry=registry
        )
        self._v2_stages = Summary(
            "unroll_v2_stage_seconds", "Time in each stage of the v2 protocol.", ["model", "stage"], registry=registry
        )
        self._v2_last = Gauge(
            "unroll_v2_last_inference_timestamp_seconds",
            "Time of the last request by the v2 protocol.",
            ["model"],
            multiprocess_mode="max",
            registry=registry,
        )
        self._answers: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._inferences: dict[str, Histogram] = {}
        self._log_lock = threading.Lock()
        self._log_before = LogNumbers(0, 0, 0, 0, 0, 0.0)

    def answered(
        self, endpoint: str, models: tuple[str, ...], status: int, seconds: float, inference: float | None
    ) -> None:
        """Count one answer; ``inference`` are the seconds of models at work, None where there were none."""
        model = models[0] if len(models) == 1 else SEVERAL if models else ""
        key = (endpoint, model, status)
        found = self._answers.get(key)
        if found is None:
            labels = (endpoint, model, str(status))
            found = self._answers[key] = self._requests.labels(*labels), self._seconds.labels(*labels)
        found[0].inc()
        found[1].observe(seconds)
        if inference is not None:
            at_work = self._inferences.get(model)
            if at_work is None:
                at_work = self._inferences[model] = self._inference.labels(model)
            at_work.observe(inference)

    def log(self, numbers: LogNumbers) -> None:
        """Take in what the request log counts."""
        with self._log_lock:
            self._queued_rows.set(numbers.queued_rows)
            self._queued_bytes.set(numbers.queued_bytes)
            for name, counter in self._log_counters.items():
                counter.inc(max(0, getattr(numbers, name) - getattr(self._log_before, name)))
            self._log_before = numbers

    def streamed(self, values: int, flags: int) -> None:
        """Count ``values`` that streams took, some of which were flagged."""
        self._stream_values.inc(values)
        self._stream_flags.inc(flags)

    def rebuilt(self, streams: int) -> None:
        """Count ``streams`` that were rebuilt from the record."""
        self._stream_rebuilds.inc(streams)

    def conflicted(self, code: str) -> None:
        """Count a request that a stream did not take."""
        self._stream_conflicts.labels(code).inc()

    def streams(self, *, held: int | None = None, followers: int | None = None) -> None:
        """How many streams are held in memory now, and how many connections follow any."""
        if held is not None:
            self._streams_held.set(held)
        if followers is not None:
            self._stream_followers.set(followers)

    def inferred(self, model: str, sequences: int, stages: Mapping[str, float], time: float) -> None:
        """Count one request of the v2 protocol at ``time``, seconds since the epoch; ``stages`` are in seconds too."""
        self._v2_sequences.labels(model).inc(sequences)
        self._v2_last.labels(model).set(time)
        for stage, seconds in stages.items():
            self._v2_stages.labels(model, stage).observe(seconds)

    def values(self) -> dict[tuple[str, str], float]:
        """Every sample of the v2 protocol by its name, such as ``stage_seconds_sum fail``, and model."""
        found: dict[tuple[str, str], float] = {}
        for family in self.families():
            if family.name.startswith("unroll_v2_"):
                for sample in family.samples:
                    name = f"{sample.name.removeprefix('unroll_v2_')} {sample.labels.get('stage', '')}".strip()
                    found[name, sample.labels["model"]] = sample.value
        return found

    def families(self) -> Iterable[Metric]:
        """All metrics, those of all worker processes added up."""
        folder = shared_folder()
        if folder is None:
            return self._registry.collect()
        _forget_the_dead(folder)
        return MultiProcessCollector(None, str(folder)).collect()  # type: ignore[no-any-return, no-untyped-call]


def exposition(families: Iterable[Metric], accept: str) -> tuple[bytes, str]:
    """``families`` in the form that an Accept header asks for, and its media type."""
    # Any other version would be taken at its word, or break what compares it as numbers.
    known = [part for part in accept.split(",") if set(re.findall(r"version=([^;]*)", part)) <= _VERSIONS]
    encode, media_type = choose_encoder(",".join(known))
    return encode(_Collected(families)), media_type


@contextmanager
def shared_between_processes() -> Iterator[None]:
    """A folder through which the processes started meanwhile add up their numbers."""
    with tempfile.TemporaryDirectory(prefix="unroll-metrics-") as folder:
        os.environ[_FOLDER] = folder
        _choose_storage()
        try:
            yield
        finally:
            del os.environ[_FOLDER]
            _choose_storage()


def _choose_storage() -> None:
    """In memory or in the folder, which the library decides for good when it is imported."""
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]


def shared_folder() -> Path | None:
    """The folder that worker processes share; None in a process of its own."""
    folder = os.environ.get(_FOLDER)
    return Path(folder) if folder else None


class _Collected:
    """Families as the registry that an encoder wants."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _forget_the_dead(folder: Path) -> None:
    """What waited in a process that is gone waits no longer."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def gauge(name: str, text: str, labels: list[str], samples: Iterable[tuple[list[str], float]]) -> Any:
    """A metric that is read when it is asked for and not counted along the way."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for labelled, value in samples:
        family.add_metric(labelled, value)
    return family
