"""The exam's command line: what it refuses, what it stores, and that it goes on from what is stored."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from benchmarks.accuracy import run_store
from benchmarks.accuracy.__main__ import main
from service.errors import UnrollError
from tests.conftest import MODELS
from training import jobs
from training.jobs import Job
from training.registry import PUBLISHED


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "sine-gru"], "unrecognized arguments: sine-gru"),
        (["train", "--seed", "-1"], "not a whole number from 0"),
        (["evaluate", "--seeds", "none"], "not a whole number of at least 1"),
        (["evaluate", "sine-grU"], "no model is called 'sine-grU'"),
        (["evaluate", "sine-gru", "--task", "linear"], "no model is left"),
        (["reproduce", "sine-gru"], "unrecognized arguments: sine-gru"),
        (["report", "--models-dir", __file__], "is a file, not a folder"),
        (["train", "--models-dir", f"{__file__}/models"], "which is a file"),
        (["evaluate", "--out", f"{__file__}/runs"], "which is a file"),
        (["reproduce", "--out", f"{__file__}/runs"], "which is a file"),
        ([], "required"),
        (["list"], "invalid choice: 'list'"),
    ],
)
def test_bad_arguments_are_refused_in_words(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2
    assert message in capsys.readouterr().err


def test_the_time_of_training_everything_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: dict[str, tuple[object, ...]] = {}

    def begin(work: Iterable[Job], *_: object) -> None:
        begun.update((job.label, job.arguments) for job in work)

    monkeypatch.setattr(jobs, "run", begin)
    folders = ["--models-dir", str(tmp_path / "models"), "--out", str(tmp_path / "runs")]
    assert main(["train", "--jobs", "2", "--count", "50", "--seed", "7", *folders]) == 0
    assert begun == {name: (recipe, 7, tmp_path / "models", 50) for name, recipe in PUBLISHED.items()}
    (run,) = run_store.runs(tmp_path / "runs")
    made_so = run_store.fingerprint_of_all(PUBLISHED.values(), 50)
    assert (run.key, run.seed, run.fingerprint, run.numbers["jobs"]) == (run_store.WHOLE, 7, made_so, 2)


@pytest.mark.parametrize(("end", "status"), [(UnrollError("no room"), 1), (KeyboardInterrupt(), 130)])
def test_training_that_did_not_end_has_no_time(
    end: BaseException, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise end

    monkeypatch.setattr(jobs, "run", fail)
    assert main(["train", "--models-dir", str(tmp_path), "--out", str(tmp_path / "runs")]) == status
    assert list(tmp_path.iterdir()) == []


def test_nothing_loads_tensorflow_before_it_trains() -> None:
    said = "import sys; from benchmarks.accuracy import __main__, plans; print('tensorflow' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert shown.stdout == "False\n"


@pytest.mark.tensorflow
@pytest.mark.usefixtures("jobs_in_this_process")
def test_an_evaluation_stores_its_runs_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.accuracy import parity

    monkeypatch.setattr(parity, "COUNT", 250)
    command = ["evaluate", "textbook-sine-gru", "--out", str(tmp_path), "--models-dir", str(MODELS)]
    assert main(command) == 0
    (stored,) = tmp_path.iterdir()
    assert stored.name == "S10-textbook-sine-gru.0.json"
    written = stored.stat().st_mtime_ns
    assert main(command) == 0
    assert stored.stat().st_mtime_ns == written
