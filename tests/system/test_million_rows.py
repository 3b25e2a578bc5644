"""A log of a million rows answers each page about as fast as the first, whatever is asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

import pytest

from service.request_log.database import open_writer, parse_url
from service.request_log.insert import insert, prepare
from service.request_log.listing import Filters
from service.request_log.migrate import migrate
from service.request_log.reader import LogReader
from service.request_log.rows import Row

ROWS = 1_000_000
START, STEP = 1_790_000_000_000_000, 86_400  # microseconds: a million rows in a day
REQUEST = b'{"model":"sine-gru","sequence":[' + b"0.1234, " * 15 + b"1]}"
RESPONSE = b'{"predictions":[' + b"x" * 500 + b"]}"

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("million")
    url = f"sqlite:///{folder / 'unroll.db'}"
    migrate(url)
    engine = open_writer(parse_url(url), "process", 5)
    rows = _rows()
    with engine.connect() as connection:
        for _ in range(0, ROWS, 10_000):
            insert(connection, prepare([next(rows) for _ in range(10_000)], "full", 65536))
    engine.dispose()
    yield folder / "unroll.db"
    for each in folder.iterdir():  # a gigabyte that nobody needs any longer
        each.unlink()


@pytest.fixture(scope="module")
def reader(file: Path) -> Iterator[LogReader]:
    reader = LogReader(f"sqlite:///{file}")
    yield reader
    reader.close()


def _rows() -> Iterator[Row]:
    random = Random(3)  # noqa: S311  (the same rows every time)
    models = [(f"{task}-{cell}/1",) for task in ("linear", "sine", "memory") for cell in ("simplernn", "lstm", "gru")]
    for n in range(ROWS):
        time = START + n * STEP
        digits = f"{time // 1000:012x}"
        rare = n % 250_000 == 0
        yield Row(
            id=f"{digits[:8]}-{digits[8:]}-7000-8000-{n:012x}",
            time=time,
            endpoint=random.choice(("/predict", "/predict", "/compare", "/forecast", "/inspect")),
            task=None,
            models=("rare-gru/7",) if rare else random.choice(models),
            status=500 if rare else random.choice((200, 200, 200, 200, 422, 413)),
            code=None,
            client=None,
            client_request_id=None,
            sequences=1,
            values=16,
            duration_us=random.randint(100, 5000),
            request=REQUEST,
            response=RESPONSE,
        )


def test_every_page_of_a_million_rows_costs_about_what_the_first_costs(reader: LogReader) -> None:
    middle = START + ROWS // 2 * STEP
    first = _first(reader)
    slowest = {}
    for endpoint, status, model, since, until in product(
        (None, "/predict", "/none"),
        (None, 200, 500),
        (None, "sine-gru", "rare-gru/7"),
        (None, middle),
        (None, middle + 1000 * STEP),
    ):
        filters = Filters(endpoint, model, status, since, until)
        page = reader.page(filters, 100)
        took = [_milliseconds(reader, filters, cursor) for cursor in (None, page.next) for _ in range(5)]
        slowest[filters] = median(took)
    worst = max(slowest, key=lambda filters: slowest[filters])
    print(f"slowest page of {len(slowest)} filters: {slowest[worst]:.1f} ms for {worst}; {first:.1f} ms without one")
    assert slowest[worst] <= 30 * first


def test_a_deep_page_is_as_fast_as_the_first(reader: LogReader) -> None:
    oldest = reader.page(Filters(until=START + 500 * STEP), 100)
    assert len(oldest.requests) == 100
    assert _milliseconds(reader, Filters(), oldest.next) <= 30 * _first(reader)


_STATISTICS = """
import resource, sys
from service.request_log.reader import LogReader
since, until = map(int, sys.argv[2:])
reader = LogReader(f"sqlite:///{sys.argv[1]}", timeout=300)
reader.stats(since, since + 1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(sum(load.requests for load in reader.stats(since, until).endpoints))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_statistics_of_a_million_rows_count_each_in_memory_that_does_not_grow_with_them(file: Path) -> None:
    grown = []
    for rows in (ROWS // 100, ROWS):
        command = [sys.executable, "-c", _STATISTICS, str(file), str(START), str(START + rows * STEP)]
        counted, kilobytes = map(
            int, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        )
        assert counted == rows
        grown.append(kilobytes)
    print(f"resident growth over {ROWS // 100} and {ROWS} rows: {grown} kB")
    assert grown[1] < 16_000  # to sort them took 120 MB


def _first(reader: LogReader) -> float:
    return median(_milliseconds(reader, Filters(), None) for _ in range(5))


def _milliseconds(reader: LogReader, filters: Filters, cursor: str | None) -> float:
    began = perf_counter()
    reader.page(filters, 100, cursor)
    return (perf_counter() - began) * 1000
