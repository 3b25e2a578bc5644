"""The command line: what it refuses, what it writes, and what Ctrl-C leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from service.folders import read_folder
from training import jobs, results
from training.__main__ import main
from training.recipes import PUBLISHED

MODELS = Path(__file__).parents[2] / "models"


def test_list_names_every_model(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in PUBLISHED)
    assert len(PUBLISHED) == 21


def test_list_filters_by_task_and_cell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["list", "--task", "sine", "--cell", "gru"]) == 0
    listed = capsys.readouterr().out
    assert "textbook-sine-gru" in listed
    assert "sine-lstm" not in listed


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux tells a process its cores")
def test_as_many_jobs_run_as_cores_may_be_used() -> None:
    one = (
        "import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
        "from training.__main__ import main; sys.exit(main(['train', '--help']))"
    )
    shown = subprocess.run([sys.executable, "-c", one], capture_output=True, text=True, check=True)
    assert "each on one core (default here: 1)" in " ".join(shown.stdout.split())


@pytest.mark.parametrize("further", [[], ["--steps", "2"], ["--task", "sine"]])
def test_the_time_of_training_everything_is_kept_and_the_longest_go_first(
    further: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(jobs, "run", lambda work, *_: begun.extend(job.label for job in work))
    assert main(["train", "--out", str(tmp_path), "--jobs", "2", *further]) == 0
    if further:
        assert not list(tmp_path.iterdir())
        return
    assert (begun[0], begun[-1].startswith("textbook-")) == ("memory-lstm", True)
    (run,) = results.runs(tmp_path / "runs")
    made_so = results.fingerprint_of_all(PUBLISHED.values(), 10_000)
    assert (run.key, run.fingerprint, run.numbers["jobs"]) == (results.WHOLE, made_so, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "sine-grU"], "no model is called 'sine-grU'"),
        (["train", "--task", "cosine"], "invalid choice: 'cosine'"),
        (["train", "--cell", "transformer"], "invalid choice: 'transformer'"),
        (["train", "--seed", "-1"], "seed"),
        (["train", "--seed", "4294967296"], "not a whole number from 0"),
        (["train", "--jobs", "0"], "not a whole number of at least 1"),
        (["train", "--out", __file__], "is a file, not a folder"),
        (["train", "sine-gru", "--task", "linear"], "no model is left"),
        (["evaluate", "--seeds", "none"], "not a whole number of at least 1"),
        (["reproduce", "sine-gru"], "unrecognized arguments: sine-gru"),
        (["report", "--models-dir", __file__], "is a file, not a folder"),
        ([], "required"),
        (["fly"], "invalid choice: 'fly'"),
    ],
)
def test_bad_arguments_are_refused_in_words(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.tensorflow
def test_two_models_are_trained_side_by_side(tmp_path: Path) -> None:
    names = ["textbook-compare-gru", "textbook-sine-simplernn"]
    assert main(["train", *names, "--steps", "2", "--count", "50", "--jobs", "2", "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    for name in names:
        assert read_folder(tmp_path / name / "1").card.name == name


@pytest.mark.tensorflow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_being_ended_leave_nothing_half_written(end: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training", "train", "sine-gru", "--out", str(tmp_path)]
    # Without measuring coverage, which makes the start of TensorFlow slower than the wait below.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    # Whoever runs these tests in the background ignores SIGINT, and so would the program.
    hearing = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=hearing)
    # Long enough for the worker to be training, far too short for it to be done.
    time.sleep(12)
    process.send_signal(end)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped" in said
    assert "Traceback" not in said
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.tensorflow
def test_an_evaluation_stores_its_runs_and_resumes(tmp_path: Path) -> None:
    command = ["evaluate", "textbook-sine-gru", "--out", str(tmp_path), "--models-dir", str(MODELS)]
    assert main(command) == 0
    (stored,) = tmp_path.iterdir()
    assert stored.name == "S10-textbook-sine-gru.0.json"
    written = stored.stat().st_mtime_ns
    assert main(command) == 0
    assert stored.stat().st_mtime_ns == written
