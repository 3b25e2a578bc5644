"""One real short run of each benchmark, and the guard itself."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import guard, record
from benchmarks.contestants import CONTESTANTS, EMPTY, OURS, UNRECORDED, UNSYNCED
from benchmarks.drive import drive, running
from benchmarks.growth import __main__ as growth
from benchmarks.growth import forecasts, latency, log, start, streams, workers
from benchmarks.race import standings
from benchmarks.report import growth_table
from benchmarks.results import read, runs
from service.request_log.database import sqlite_module

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def wrk() -> None:
    if shutil.which("wrk") is None or (os.cpu_count() or 1) < 2:
        if os.environ.get("UNROLL_REQUIRE_TOOLS"):
            pytest.fail("wrk is not installed, or there is one core only")
        pytest.skip("needs Debian's wrk and two cores")


@pytest.mark.alone
def test_the_service_is_not_much_slower_than_published(capsys: pytest.CaptureFixture[str]) -> None:
    guard.main()
    with capsys.disabled():
        print(f"\n{capsys.readouterr().out}")


def test_a_short_race_is_written_with_a_ratio_for_each_contestant(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    command.main(["--rounds", "1", "--seconds", "1", "--only", "predict`:", "ONNX", "--out", str(file)])
    content = read(file)
    names = {each.name: each for each in standings(runs(content["runs"]), content["baseline"])}
    assert set(names) == {EMPTY.name, OURS.name, "FastAPI and ONNX Runtime, no check, no record"}
    assert all(each.ratio > 0.02 and each.failed == 0 for each in names.values())
    assert content["machine"]["versions"]["unroll"]


@pytest.mark.alone
def test_the_cost_of_the_record_is_measured_in_turns(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    record.main(["--rounds", "1", "--seconds", "1", "--connections", "16", "--out", str(file)])
    found = {each.name: each for each in standings(runs(read(file)["runs"]), UNRECORDED.name)}
    assert set(found) == {UNRECORDED.name, OURS.name, UNSYNCED.name}
    assert all(0.2 < each.ratio < 2 and each.failed == 0 for each in found.values())


def test_a_contestant_that_answers_something_else_is_not_timed() -> None:
    wrong = replace(OURS, body=OURS.body.replace("1.01]", "1.02]"))
    with pytest.raises(RuntimeError, match="the engine"), running(wrong):
        pytest.fail("it was let through")


def test_the_service_without_a_record_answers_and_writes_no_row(tmp_path: Path) -> None:
    quiet = next(each for each in CONTESTANTS if "no record (" in each.name)
    file = tmp_path / "unroll.db"
    with running(replace(quiet, command=(*quiet.command, "--database-url", f"sqlite:///{file}"))) as port:
        drive(quiet, port, 4, 1)
    with closing(sqlite_module().connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM requests").fetchone() == (0,)


def test_growth_is_measured_with_a_small_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_SETTLE_SECONDS", 0.0)  # for a disk that others write to as well
    # Sizes are what takes minutes: the smallest of each, as many as the table and a slope need.
    monkeypatch.setattr(latency, "LENGTHS", (16, 64, 256))
    monkeypatch.setattr(latency, "BATCHES", (1, 4, 16))
    monkeypatch.setattr(forecasts, "SIZES", ((36, 12, 1), (36, 12, 4)))
    monkeypatch.setattr(streams, "WINDOWS", (64,))
    monkeypatch.setattr(start, "WORKERS", (1, 2, 3))
    monkeypatch.setattr(start, "_LOOK_SECONDS", 0.2)
    monkeypatch.setattr(workers, "COUNTS", (1, 2))
    monkeypatch.setattr(workers, "CONNECTIONS", (64,))
    file = tmp_path / "growth.json"
    growth.main(["--rounds", "1", "--seconds", "1", "--rows", "2000", "--streams", "8", "--out", str(file)])
    assert len(growth_table(read(file)).splitlines()) == 2 + 8 + 2 + 2  # the head, all else, forecasts, streams


def test_a_log_filled_for_the_benchmark_is_one_that_the_service_could_have_written(tmp_path: Path) -> None:
    log.fill(f"sqlite:///{tmp_path / 'unroll.db'}", 50)
    with closing(sqlite_module().connect(tmp_path / "unroll.db")) as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM requests ORDER BY time")]
        assert ids == sorted(set(ids))
        assert len(ids) == 50
        assert all(len(each) == 36 and each[14] == "7" for each in ids)
        assert connection.execute("SELECT count(*) FROM requests WHERE model = 'sine-gru/1'").fetchone() == (50,)
