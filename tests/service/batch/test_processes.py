"""Worker processes that die, that cannot go on, or are of another installation; and a run that is interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from service.batch import planning, processes, run, scoring
from service.batch.job import Columns, Job, Models, Part, Question, Source
from service.batch.scoring import Scorer
from service.errors import BatchStopped, SettingsError
from tests.service.batch.made import COLUMNS, files, here, long, parquet, scored, series
from tests.serving import children_of


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Seven series in four parts."""
    monkeypatch.setattr(planning, "MOST_SERIES", 2)
    return parquet(tmp_path / "in.parquet", long(series()))


@pytest.fixture
def whole(tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What comes of them where no worker dies."""
    with monkeypatch.context() as patch:
        patch.setattr(processes, "run", here)
        scored(source, tmp_path / "whole")
    return files(tmp_path / "whole")


def killing(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Kill the workers that get part 1, the first few ``times``; gives the numbers of the parts as they are given."""
    give, given = processes._Worker.give, list[int]()

    def doomed(self: processes._Worker, part: Part) -> None:
        give(self, part)
        given.append(part.number)
        if part.number == 1 and given.count(1) <= times:
            self.process.kill()

    monkeypatch.setattr(processes._Worker, "give", doomed)
    return given


def test_the_part_of_a_worker_that_dies_is_given_to_another(
    tmp_path: Path, source: str, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = killing(monkeypatch, 1)
    scored(source, tmp_path / "out")
    assert given.count(1) == 2
    assert files(tmp_path / "out") == whole


def test_a_part_at_which_two_workers_die_stops_the_run_and_what_is_done_stays(
    tmp_path: Path, source: str, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    killing(monkeypatch, 2)
    with pytest.raises(BatchStopped, match=r"two workers were lost at part 1, the last one was killed by signal 9"):
        scored(source, tmp_path / "out")
    assert [each.name for each in (tmp_path / "out" / "series").iterdir()] == ["part-000000.parquet"]
    monkeypatch.undo()
    monkeypatch.setattr(planning, "MOST_SERIES", 2)
    scored(source, tmp_path / "out")
    assert files(tmp_path / "out") == whole


def test_a_part_that_cannot_be_written_stops_the_run_with_the_reason(tmp_path: Path, source: str) -> None:
    (tmp_path / "out" / "forecasts" / "part-000001.parquet").mkdir(parents=True)
    with pytest.raises(BatchStopped, match=r"Is a directory: .*part-000001\.parquet"):
        scored(source, tmp_path / "out")


def test_a_worker_of_another_installation_says_so() -> None:
    job = Job(
        source=Source(files=("in.csv",), columns=Columns(id="a", time=None, value="b"), form="long", csv=True),
        question=Question(horizon=3, model="sine-gru", version=None, levels=(), season=()),
        models=Models(folder=None, published=True, digests={"sine-gru/1": "other"}),
        out="out",
        version=run.installed(run.DISTRIBUTION),
    )
    with pytest.raises(SettingsError, match="a worker serves other models"):
        Scorer(job)
    with pytest.raises(SettingsError, match=r"a worker has Unroll .*, and the run is of 0\.0\.7"):
        Scorer(job.model_copy(update={"version": "0.0.7"}))
    (found,) = (processes.run(job, [Part(number=0, file="", start=0, stop=1, first=2)], 1),)
    with pytest.raises(BatchStopped, match="a worker serves other models"):
        next(found)


def test_what_nobody_foresaw_is_an_error_of_one_series(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine, models = scoring.served(None, True, Question(horizon=3, model=None, version=None, levels=(), season=()))
    forecast = engine.forecast

    def failing(sequences: list[list[float]], *rest: object) -> object:
        if any(len(each) == 27 for each in sequences):
            raise ZeroDivisionError("so long")
        return forecast(sequences, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "forecast", failing)
    monkeypatch.setattr(scoring, "served", lambda *_: (engine, models))
    monkeypatch.setattr(processes, "run", here)
    _, described = scored(source, tmp_path / "out")
    errors = described["error"].to_pylist()
    assert errors == [None, "ZeroDivisionError: so long", None, None, None, "ZeroDivisionError: so long", None]
    assert "a series has no answer" in caplog.text


# Parts that take a worker a quarter of a second.
_SMALL = "from service.batch import planning; planning.MOST_SERIES = 60; from service.__main__ import main; main()"


def begun(tmp_path: Path) -> subprocess.Popen[str]:
    """A run over ten parts, into ``out``."""
    given = parquet(tmp_path / "in.parquet", long(series(600)), rows=10_000)
    command = [sys.executable, "-c", _SMALL, "batch", given, "--output", str(tmp_path / "out"), "--horizon", "3"]
    return subprocess.Popen([*command, *COLUMNS, "--workers", "2"], stderr=subprocess.PIPE, text=True)


def wait_until(true: Callable[[], object]) -> None:
    while not true():
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_leaves_no_process_and_nothing_half_written(
    tmp_path: Path, how: signal.Signals
) -> None:
    with begun(tmp_path) as process:
        wait_until(lambda: children_of(process.pid))
        children = children_of(process.pid)
        process.send_signal(how)
        assert process.stderr is not None
        assert "the same command goes on from here" in process.stderr.read()
    assert process.returncode == 130
    assert not any(Path(f"/proc/{each}").exists() for each in children)
    assert {*files(tmp_path / "out")} == {"plan.json"}


@pytest.mark.system
def test_a_run_that_is_killed_and_taken_up_again_gives_what_one_run_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "MOST_SERIES", 60)
    done = tmp_path / "out" / "series" / "part-000000.parquet"
    with begun(tmp_path) as process:
        wait_until(lambda: done.exists() or process.poll() is not None)
        children = children_of(process.pid)
        process.kill()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()  # of the workers, which have it as well
    wait_until(lambda: not any(Path(f"/proc/{each}").exists() for each in children))  # they end by themselves
    assert not (tmp_path / "out" / "summary.json").exists()
    made = done.stat().st_ino
    source = str(tmp_path / "in.parquet")
    scored(source, tmp_path / "out")
    assert done.stat().st_ino == made
    scored(source, tmp_path / "whole")
    assert files(tmp_path / "out") == files(tmp_path / "whole")
