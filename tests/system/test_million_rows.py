"""A log of a million rows answers each page within 20 ms, whatever is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random
from statistics import median
from time import perf_counter

import pytest

from service.request_log.database import open_writer, parse_url
from service.request_log.insert import insert, prepare
from service.request_log.migrate import migrate
from service.request_log.newest import Filters
from service.request_log.reader import LogReader
from service.request_log.rows import Row

ROWS = 1_000_000
START, STEP = 1_790_000_000_000_000, 86_400  # microseconds: a million rows in a day
REQUEST = b'{"model":"sine-gru","sequence":[' + b"0.1234, " * 15 + b"1]}"
RESPONSE = b'{"predictions":[' + b"x" * 500 + b"]}"

pytestmark = [pytest.mark.system, pytest.mark.alone]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogReader]:
    folder = tmp_path_factory.mktemp("million")
    url = f"sqlite:///{folder / 'unroll.db'}"
    migrate(url)
    engine = open_writer(parse_url(url), "process", 5)
    rows = _rows()
    with engine.connect() as connection:
        for _ in range(0, ROWS, 10_000):
            insert(connection, prepare([next(rows) for _ in range(10_000)], "full", 65536))
    engine.dispose()
    reader = LogReader(url)
    yield reader
    reader.close()
    for file in folder.iterdir():  # a gigabyte that nobody needs any longer
        file.unlink()


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
    assert len(oldest.rows) == 100
    assert _milliseconds(reader, Filters(), oldest.next) <= 30 * _first(reader)


def test_statistics_of_a_million_rows_count_each(reader: LogReader) -> None:
    began = perf_counter()
    stats = reader.stats(START, START + ROWS * STEP)
    print(f"statistics of a million rows: {perf_counter() - began:.1f} s")
    assert sum(load.requests for load in stats.endpoints) == ROWS


def _first(reader: LogReader) -> float:
    return median(_milliseconds(reader, Filters(), None) for _ in range(5))


def _milliseconds(reader: LogReader, filters: Filters, cursor: str | None) -> float:
    began = perf_counter()
    reader.page(filters, 100, cursor)
    return (perf_counter() - began) * 1000
