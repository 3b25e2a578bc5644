"""Who gets which cores, what is skipped aloud, and the table of replicas."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.drive import Measured
from benchmarks.replicas import __main__ as replicas
from benchmarks.replicas.room import Needed, Room, room_of
from benchmarks.results import read


def test_nobody_takes_a_core_of_another() -> None:
    cores = [*range(12)]
    for count in replicas.COUNTS:
        for database in (False, True):
            found = room_of(count, cores, database=database)
            assert found is not None
            server, load = found.server.split(","), found.load.split(",")
            assert (len(server), len(load)) == (count, found.threads)
            assert not {*server} & {*load}
            assert len(server) + len(load) + Needed.by(count, database=database).database <= len(cores)


def test_too_few_cores_are_no_room() -> None:
    assert room_of(1, [0, 1], database=False) == Room("0", "1", 1)
    assert room_of(2, [0, 1], database=False) is None
    assert room_of(1, [0, 1], database=True) is None


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each further worker brings as much as the first; of the service's rows four go into a commit of a millisecond."""

    def one(contestant: replicas.Contestant, count: int, room: Room, seconds: int) -> object:
        rate = 1000.0 * count
        logged = contestant.name != replicas.EMPTY.name
        written = replicas.Written(rate * seconds, rate * seconds / 4, rate * seconds / 4 * 1e-3) if logged else None
        return Measured(rate, 0.001, 0.002, 0, 0.3), written

    monkeypatch.setattr(replicas, "_one", one)


def test_what_has_no_cores_is_skipped_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], measured: None
) -> None:
    monkeypatch.setattr(replicas.os, "sched_getaffinity", lambda _: {0, 1, 2})
    replicas.main(["--out", str(tmp_path / "replicas.json"), "--rounds", "2", "--postgresql", "postgresql://host/log"])
    said = capsys.readouterr()
    assert "Unroll, SQLite, 4 workers SKIPPED: 5 cores are needed, 3 are here" in said.err
    assert "Unroll, PostgreSQL, 2 workers SKIPPED: 4 cores are needed, 3 are here" in said.err
    assert "| Unroll, SQLite | 2 | 2,000 | 2.00 (2.00, 2.00) | 2.0 | 4.0 | 25% |" in said.out
    assert "| FastAPI, empty endpoint | 1 | 1,000 | 1.00 (1.00, 1.00) | 2.0 |  |  |" in said.out
    assert read(tmp_path / "replicas.json")["contestants"]["Unroll, PostgreSQL"].keys() == {"1"}


def test_without_a_database_postgresql_is_skipped_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], measured: None
) -> None:
    monkeypatch.setattr(replicas.os, "sched_getaffinity", lambda _: {0})
    with pytest.raises(SystemExit, match="nothing could be measured on so few cores"):
        replicas.main(["--out", str(tmp_path / "replicas.json")])
    assert "PostgreSQL SKIPPED: name a database" in capsys.readouterr().err
