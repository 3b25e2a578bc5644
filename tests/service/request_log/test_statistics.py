from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from random import Random

import pytest

from service.request_log.reader import LogReader
from service.request_log.rows import Row, as_time
from service.request_log.statistics import HOUR, Load
from service.request_log.writer import LogWriter

START = 1_700_000 * HOUR // 1000 * 1000 + HOUR // 2


def _load(name: str, rows: list[Row]) -> Load:
    """The definition: nearest-rank percentiles over the sorted durations."""
    durations = sorted(row.duration_us for row in rows)
    rank = [durations[math.ceil(percent / 100 * len(rows)) - 1] for percent in (50, 95, 99)]
    return Load(name, len(rows), sum(row.status >= 400 for row in rows), *rank)


def _agree(loads: tuple[Load, ...], rows: list[Row], names: Callable[[Row], tuple[str, ...]]) -> bool:
    """Counts are those of ``rows``, and percentiles lie within the bucket that holds the exact one."""
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for name in names(row):
            by_name[name].append(row)
    expected = [_load(name, by_name[name]) for name in sorted(by_name)]
    assert [each.name for each in loads] == [each.name for each in expected]
    for found, exact in zip(loads, expected, strict=True):
        assert (found.requests, found.errors) == (exact.requests, exact.errors)
        for name in ("p50_us", "p95_us", "p99_us"):
            assert getattr(found, name) == pytest.approx(getattr(exact, name), rel=0.19, abs=8)
    return True


@pytest.fixture
def rows(open_writer: Callable[..., AbstractAsyncContextManager[LogWriter]], make_row: Callable[..., Row]) -> list[Row]:
    random = Random(7)  # noqa: S311  (the same rows every time)
    made = []
    for n in range(400):
        time = START + n * HOUR // 90
        digits = f"{time // 1000:012x}"
        made.append(
            make_row(
                id=f"{digits[:8]}-{digits[8:]}-7000-8000-{n:012x}",
                time=time,
                endpoint=random.choice(["/predict", "/compare"]),
                status=random.choice([200, 200, 200, 422, 503]),
                models=tuple(random.sample(["a/1", "b/1", "rule:naive"], k=random.randint(0, 3))),
                duration_us=random.randint(50, 50_000),
            )
        )

    async def record() -> None:
        async with open_writer() as writer:
            await asyncio.gather(*[writer.record(row) for row in made])

    asyncio.run(record())
    return made


def test_statistics_are_those_of_a_plain_count(rows: list[Row], reader: LogReader) -> None:
    stats = reader.stats(START, START + 5 * HOUR)
    assert _agree(stats.endpoints, rows, lambda row: (row.endpoint,))
    assert _agree(stats.models, rows, lambda row: row.models)
    starts = sorted({row.time - row.time % HOUR for row in rows})
    assert [hour.start for hour in stats.hours] == [*map(as_time, starts)]
    for start, hour in zip(starts, stats.hours, strict=True):
        inside = [row for row in rows if start <= row.time < start + HOUR]
        assert _agree(hour.endpoints, inside, lambda row: (row.endpoint,))
        assert _agree(hour.models, inside, lambda row: row.models)


def test_statistics_are_limited_to_their_window(rows: list[Row], reader: LogReader) -> None:
    since, until = START + HOUR, START + 2 * HOUR
    inside = [row for row in rows if since <= row.time < until]
    stats = reader.stats(since, until)
    assert _agree(stats.endpoints, inside, lambda row: (row.endpoint,))
    assert sum(load.requests for hour in stats.hours for load in hour.endpoints) == len(inside)


def test_an_empty_log_has_empty_statistics(reader: LogReader) -> None:
    stats = reader.stats(0, HOUR)
    assert (stats.endpoints, stats.models, stats.hours) == ((), (), ())
