"""A log that an earlier release made goes on under this one, and back."""

from __future__ import annotations

import asyncio
import gzip
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from service.request_log.appending import Value
from service.request_log.database import open_writer as open_engine
from service.request_log.database import parse_url
from service.request_log.listing import Filters
from service.request_log.maintenance import check
from service.request_log.migrate import migrate
from service.request_log.outcomes import record_outcome
from service.request_log.reader import LogReader
from service.request_log.rows import Row
from service.request_log.streams import StreamReader
from service.request_log.tables import HEAD
from tests.service.request_log.conftest import READERS, MakeRow, OpenWriter
from tests.system.postgresql import Server

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("version", [f"{number:04}" for number in range(1, int(HEAD))])
async def test_a_log_of_each_published_schema_is_brought_up_to_date_with_its_rows(
    new_url: str, make_row: MakeRow, version: str
) -> None:
    one, several = make_row(models=("a/1",)), make_row(models=("a/1", "b/1"))
    with _alembic(new_url) as (connection, config):
        command.upgrade(config, version)
        for row in (one, several):
            values = {
                "id": row.id,
                "time": row.time,
                "endpoint": row.endpoint,
                "models": " ".join(row.models),
                "request": row.request,
                "response": row.response,
            }
            connection.execute(_OLD_REQUEST, values)
            for model in row.models if version < "0003" or len(row.models) > 1 else ():
                connection.execute(_OLD_USE, {"model": model, "endpoint": row.endpoint, "id": row.id})
    migrate(new_url)
    _expect(new_url, {None: [several, one], "a": [several, one], "b": [several], "c": []})


@pytest.mark.system
def test_an_upgrade_of_a_large_log_may_take_longer_than_any_other_statement(postgresql: Server) -> None:
    url = postgresql.create("large")
    with _alembic(url) as (connection, config):
        command.upgrade(config, "0002")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(
            'INSERT INTO requests (id, time, endpoint, models, status, sequences, "values", duration_us, request_bytes,'
            " response_bytes) SELECT n, n, '/predict', 'a/1', 200, 1, 4, 10, 2, 2 FROM generate_series(1, 50000) n"
        )
    migrate(url, timeout=0.02)
    with _alembic(url) as (connection, _):
        assert connection.exec_driver_sql("SELECT count(*) FROM requests WHERE model = 'a/1'").scalar() == 50_000


async def test_the_newest_schema_can_be_left_and_comes_back(
    url: str, open_writer: OpenWriter, make_row: MakeRow
) -> None:
    one, several = make_row(models=("a/1",)), make_row(models=("a/1", "b/1"))
    async with open_writer() as log:
        await asyncio.gather(*[log.record(row) for row in (one, several)])
    with _alembic(url) as (connection, config):
        command.downgrade(config, "0002")
        uses = connection.exec_driver_sql("SELECT model, id FROM uses ORDER BY id, model").all()
        assert list(map(tuple, uses)) == [("a/1", one.id), ("a/1", several.id), ("b/1", several.id)]
    migrate(url)
    _expect(url, {None: [several, one], "a": [several, one], "b": [several], "c": []})


def test_answers_of_streams_move_to_a_table_of_their_own_and_back(new_url: str) -> None:
    rows = [
        {"stream": stream, "seq": seq, "time": 9 - seq, "answer": b"%d" % seq} for stream in (1, 2) for seq in (0, 1)
    ]
    with _alembic(new_url) as (connection, config):
        command.upgrade(config, "0006")
        connection.execute(_OLD_STREAM, [{"id": row["stream"], "name": str(row["stream"])} for row in rows[::2]])
        connection.execute(_OLD_VALUE, rows)
    migrate(new_url)
    reader = StreamReader(new_url, timeout=5.0)
    assert reader.values(2, 0, 9) == [Value(0, 9, 0.5, None, b"0"), Value(1, 8, 0.5, None, b"1")]
    reader.close()
    assert check(new_url) == []
    with _alembic(new_url) as (connection, config):
        command.downgrade(config, "0006")
        kept = connection.exec_driver_sql("SELECT stream, seq, time, answer FROM stream_values ORDER BY stream, seq")
        assert [dict(each, answer=bytes(each["answer"])) for each in kept.mappings()] == rows


# Logs as releases wrote them, with the schema's number for a name, packed; and what those releases said of them.
PUBLISHED = Path(__file__).with_name("published")


@pytest.fixture(params=sorted(file.stem for file in PUBLISHED.glob("*.json")))
def published(request: pytest.FixtureRequest, backend: str, new_url: str, tmp_path: Path) -> dict[str, Any]:
    """At ``new_url`` the log of that name, on PostgreSQL its rows in tables that its migrations made."""
    file = tmp_path / ("unroll.db" if backend == "sqlite" else "packed.db")
    file.write_bytes(gzip.decompress((PUBLISHED / f"{request.param}.sqlite.gz").read_bytes()))
    if backend == "postgresql":
        with _alembic(new_url) as (connection, config), closing(sqlite3.connect(file)) as packed:
            command.upgrade(config, request.param)
            for table in ("requests", "uses", "outcomes", "scores"):
                names = [column[1] for column in packed.execute(f"PRAGMA table_info({table})")]
                columns = ", ".join(f'"{name}"' for name in names)
                insert = text(f"INSERT INTO {table} ({columns}) VALUES ({', '.join(f':{name}' for name in names)})")  # noqa: S608
                rows = packed.execute(f"SELECT {columns} FROM {table}").fetchall()  # noqa: S608
                connection.execute(insert, [dict(zip(names, row, strict=True)) for row in rows])
    found: dict[str, Any] = json.loads((PUBLISHED / f"{request.param}.json").read_text())
    return found


def test_a_published_log_says_the_same_of_the_models_after_the_upgrade(new_url: str, published: dict[str, Any]) -> None:
    migrate(new_url)
    reader = LogReader(new_url)
    assert [row.id for row in reader.page(Filters(), 100).requests] == published["ids"]
    found, expected = asdict(reader.quality()), published["quality"]
    reader.close()
    assert [*found["preferred"]] == expected["preferred"]
    for ours, theirs in zip(found["models"], expected["models"], strict=True):
        assert ours.pop("coverage") == theirs.pop("coverage")
        assert ours == pytest.approx(theirs)  # sums of the same numbers, in any order
    assert check(new_url) == []


async def test_answers_in_a_published_log_may_still_come_true(
    published: dict[str, Any], url: str, open_writer: OpenWriter, reader: LogReader
) -> None:
    async with open_writer() as log:
        await log.run(record_outcome(published["unknown"]["predict"], READERS, value=1.0))
        await log.run(record_outcome(published["unknown"]["forecast"], READERS, values=[7.0, 8.0]))
    came = {("sine-gru/1", "sine", False), ("linear-gru/1", "linear", False), ("linear-gru/1", "linear", True)}
    before = {(each["model"], each["task"], each["later"]): each for each in published["quality"]["models"]}
    after = {(each.model, each.task, each.later): each for each in reader.quality().models}
    assert after.keys() == before.keys() | came
    for key in came:
        then = before.get(key, {"outcomes": 0, "coverage": {}})
        assert after[key].outcomes == then["outcomes"] + 1
        for level in ("80", "90", "95"):
            known = then["coverage"].get(level, {"outcomes": 0})
            assert after[key].coverage[level].outcomes == known["outcomes"] + 1


def test_leaving_the_newest_schema_keeps_what_the_earlier_one_knows(new_url: str, published: dict[str, Any]) -> None:
    with _alembic(new_url) as (connection, config):
        before = connection.exec_driver_sql("SELECT * FROM scores ORDER BY id, model, sequence, step").mappings().all()
        command.upgrade(config, "head")
        command.downgrade(config, "0003")
        after = connection.exec_driver_sql("SELECT * FROM scores ORDER BY id, model, sequence, step").mappings().all()
    assert [*map(dict, after)] == [*map(dict, before)]
    assert any(row["inside_80"] == 0 for row in before)


_OLD_REQUEST = text(
    'INSERT INTO requests (id, time, endpoint, models, status, sequences, "values", duration_us, request_bytes,'
    " response_bytes, request, response)"
    " VALUES (:id, :time, :endpoint, :models, 200, 1, 4, 10, 2, 2, :request, :response)"
)
_OLD_STREAM = text(
    "INSERT INTO streams (id, client, name, created, asked, model, version, next, judged)"
    " VALUES (:id, '', :name, 0, '{}', 'a', '1', 2, 0)"
)
_OLD_VALUE = text(
    "INSERT INTO stream_values (stream, seq, time, value, answer) VALUES (:stream, :seq, :time, 0.5, :answer)"
)
_OLD_USE = text("INSERT INTO uses VALUES (:model, :endpoint, 200, :id, 10)")


@contextmanager
def _alembic(url: str) -> Iterator[tuple[Connection, Config]]:
    engine = open_engine(parse_url(url), "power", 1, create=True)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", "service.request_log:migrations")
        yield connection, config
    engine.dispose()


def _expect(url: str, listed: Mapping[str | None, list[Row]]) -> None:
    """A sound log with these rows, by the model that is asked for."""
    reader = LogReader(url)
    for model, rows in listed.items():
        found = reader.page(Filters(model=model), 10).requests
        assert [(row.id, row.models) for row in found] == [(row.id, row.models) for row in rows]
    newest = listed[None][0]
    assert reader.get(newest.id).response == newest.response
    loads = reader.stats(newest.time - 1_000_000, newest.time + 1_000_000).models
    counted = {load.name: load.requests for load in loads}
    assert counted == {f"{model}/1": len(rows) for model, rows in listed.items() if model and rows}
    reader.close()
    assert check(url) == []
