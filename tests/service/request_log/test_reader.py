from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import product

import pytest
from sqlalchemy.exc import DBAPIError

from service.errors import InvalidInput, LogUnavailable, UnknownRequest
from service.request_log.listing import Filters
from service.request_log.reader import LogReader
from service.request_log.rows import Row
from service.request_log.writer import LogWriter

Fill = Callable[..., list[Row]]


@pytest.fixture
def fill(open_writer: Callable[..., AbstractAsyncContextManager[LogWriter]]) -> Fill:
    def recorded(*rows: Row) -> list[Row]:
        async def record() -> None:
            async with open_writer() as writer:
                await asyncio.gather(*[writer.record(row) for row in rows])

        asyncio.run(record())
        return list(rows)

    return recorded


def _at(time: int, n: int = 0) -> dict[str, object]:
    digits = f"{time // 1000:012x}"
    return {"time": time, "id": f"{digits[:8]}-{digits[8:]}-7000-8000-{n:012x}"}


def test_a_page_is_newest_first_and_its_cursor_leads_through_the_whole_log(
    reader: LogReader, fill: Fill, make_row: Callable[..., Row]
) -> None:
    rows = fill(*[make_row() for _ in range(25)])
    seen, cursor = [], None
    while True:
        page = reader.page(Filters(), 10, cursor)
        seen += [row.id for row in page.requests]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [row.id for row in reversed(rows)]


def test_a_page_that_ends_with_the_log_has_no_next(reader: LogReader, fill: Fill, make_row: Callable[..., Row]) -> None:
    fill(make_row(), make_row())
    assert reader.page(Filters(), 2).next is None


def test_rows_that_arrive_while_someone_pages_do_not_shift_the_pages(
    reader: LogReader, fill: Fill, make_row: Callable[..., Row]
) -> None:
    rows = fill(*[make_row() for _ in range(4)])
    first = reader.page(Filters(), 2)
    fill(make_row())
    second = reader.page(Filters(), 2, first.next)
    assert [row.id for row in second.requests] == [rows[1].id, rows[0].id]


def test_every_combination_of_filters_gives_what_a_full_scan_gives(
    reader: LogReader, fill: Fill, make_row: Callable[..., Row]
) -> None:
    endpoints, statuses = ("/predict", "/compare"), (200, 422, 503)
    models = ("sine-gru/1", "sine-gru/2", "sine-gru0/1", "rule:drift")
    rows = fill(
        *[
            make_row(endpoint=endpoint, status=status, models=(model, "linear-lstm/1")[: n % 3], **_at(time, n))
            for n, (time, endpoint, status, model) in enumerate(
                product((1_000_000, 2_000_000, 3_000_000), endpoints, statuses, models)
            )
        ]
    )
    for endpoint, status, model, since, until in product(
        (None, "/predict", "/none"),
        (None, 422, 500),
        (None, "", "sine-gru", "sine-gru/2", "rule:drift", "rule"),
        (None, 2_000_000),
        (None, 3_000_000),
    ):
        expected = [
            row.id
            for row in sorted(rows, key=lambda row: row.id, reverse=True)
            if endpoint in (None, row.endpoint)
            and status in (None, row.status)
            and (model is None or any(model == used or used.startswith(f"{model}/") for used in row.models))
            and (since is None or row.time >= since)
            and (until is None or row.time < until)
        ]
        filters = Filters(endpoint=endpoint, model=model, status=status, since=since, until=until)
        page = reader.page(filters, 7)
        assert [row.id for row in page.requests] == expected[:7]
        if page.next is not None:
            assert [row.id for row in reader.page(filters, 100, page.next).requests] == expected[7:]


def test_an_unknown_id_and_text_that_is_no_id_are_unknown(reader: LogReader) -> None:
    for text in ("01a208fb-1aa6-77e4-9b04-9d278c57863f", "../etc/passwd", "", "\ud800", "x" * 10_000):
        with pytest.raises(UnknownRequest):
            reader.get(text)


def test_a_made_up_cursor_is_refused(reader: LogReader) -> None:
    with pytest.raises(InvalidInput) as refused:
        reader.page(Filters(), 10, "1 OR 1=1")
    assert refused.value.code == "invalid_cursor"


def test_a_reader_cannot_write(reader: LogReader, url: str) -> None:
    with pytest.raises(DBAPIError, match=r"readonly|read-only"), reader._engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM requests")


def test_a_database_without_tables_is_unavailable_not_a_stack_of_sql(tmp_path) -> None:
    (tmp_path / "empty.db").touch()
    reader = LogReader(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(LogUnavailable, match="no such table"):
        reader.page(Filters(), 1)
    reader.close()
