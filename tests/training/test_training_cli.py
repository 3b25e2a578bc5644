"""The command line: what it refuses, what it writes, and what Ctrl-C leaves behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pytest

from service import DISTRIBUTION
from service.folders import read_folder, replacing
from tests.serving import children_of, unmeasured
from training import jobs
from training.__main__ import main
from training.drawing.recipes import RECIPES as DRAWING
from training.registry import PUBLISHED
from training.text.recipes import RECIPES as WRITING

ROOT = Path(__file__).parents[2]

RECIPES = {**WRITING, **DRAWING}


def test_list_names_every_model(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in [*PUBLISHED, *RECIPES])
    assert len(PUBLISHED) == 21


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"unroll {version(DISTRIBUTION)}\n"


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
    assert "each on one core (default here: 1; on Ray: all cores)" in " ".join(shown.stdout.split())


def test_a_cluster_gets_all_jobs_unless_it_is_said_how_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(jobs, "run", lambda _, workers, __: asked.append(workers))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: "found")
    train = ["train", "sine-gru", "--out", str(tmp_path), "--engine", "ray"]
    main(train)
    main([*train, "--jobs", "3", "--address", "host:6379"])
    assert asked == [jobs.Cluster(None, None), jobs.Cluster("host:6379", 3)]


def test_without_ray_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SystemExit, match="2"):
        main(["train", "sine-gru", "--engine", "ray"])
    assert "ray is not installed: pip install '.[ray]'" in " ".join(capsys.readouterr().err.split())


def test_what_trains_longest_is_begun_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(jobs, "run", lambda work, *_: begun.extend(job.label for job in work))
    assert main(["train", "--out", str(tmp_path), "--jobs", "2"]) == 0
    assert sorted(begun) == sorted([*PUBLISHED, *RECIPES])
    assert begun[: len(RECIPES)] == list(RECIPES)
    assert (begun[len(RECIPES)], begun[-1].startswith("textbook-")) == ("memory-lstm", True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "sine-grU"], "no model is called 'sine-grU'"),
        (["train", "--task", "cosine"], "invalid choice: 'cosine'"),
        (["train", "--cell", "transformer"], "invalid choice: 'transformer'"),
        (["train", "--seed", "-1"], "seed"),
        (["train", "--seed", "4294967296"], "not a whole number from 0"),
        (["train", "--jobs", "0"], "not a whole number of at least 1"),
        (["train", "--address", "host:6379"], "--address names a Ray cluster: say --engine ray as well"),
        (["train", "--out", __file__], "is a file, not a folder"),
        (["train", "sine-gru", "--task", "linear"], "no model is left"),
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
    # Whoever runs these tests in the background ignores SIGINT, and so would the program.
    hearing = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=unmeasured(), preexec_fn=hearing)
    wait_until_training(process)
    process.send_signal(end)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "stopped" in said
    assert "Traceback" not in said
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def wait_until_training(process: subprocess.Popen[str]) -> None:
    """Until a worker has had a second of processor since it was first seen: far less than the training takes.

    A worker has a handler for SIGTERM; any other child has this program's for a moment, until it becomes another one.
    """
    first_seen: dict[int, float] = {}
    while not any(
        processor_seconds(pid) >= first_seen.setdefault(pid, processor_seconds(pid)) + 1.0
        for pid in children_of(process.pid)
        if catches(pid, signal.SIGTERM)
    ):
        assert process.poll() is None
        time.sleep(0.05)  # between two looks at another process


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether that process has a handler of its own for the signal."""
    caught = Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")[2].split()[0]
    return bool(int(caught, 16) >> (number - 1) & 1)


def processor_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


# Presses Ctrl-C at the import of a module, in every process of the terminal, as soon as one of them comes to it.
PRESSING = """
import importlib.abc, multiprocessing, os, signal, sys

def in_worker():
    return "--multiprocessing-fork" in sys.orig_argv or multiprocessing.parent_process() is not None

class Pressing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {module!r} and in_worker() is {worker}:
            os.killpg(0, signal.SIGINT)

sys.meta_path.insert(0, Pressing())
"""
TRAINING = ["-m", "training", "train", "sine-gru", "--jobs", "2", "--out", "models"]
SERVICE = ["-m", "service", "--port", "0", "--workers", "2"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "worker", "module", "code"),
    [
        (TRAINING, False, "rich.console", -signal.SIGINT),
        (TRAINING, False, "training.series.options", -signal.SIGINT),
        (TRAINING, True, "training.jobs", 130),
        (TRAINING, True, "training.trainer", 130),
        (SERVICE, False, "pydantic", -signal.SIGINT),
        (SERVICE, False, "service.app", -signal.SIGINT),
        (SERVICE, True, "uvicorn.lifespan.on", 0),
    ],
)
def test_ctrl_c_in_the_first_seconds_prints_no_traceback(
    program: list[str], worker: bool, module: str, code: int, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(PRESSING.format(module=module, worker=worker))
    told = subprocess.run(
        [sys.executable, *program], cwd=tmp_path, env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, timeout=120,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert told.returncode == code, told.stdout
    assert "Traceback" not in told.stdout, told.stdout
    assert len(told.stdout.splitlines()) <= 3, told.stdout
    assert not (tmp_path / "models").exists()


def test_what_cannot_be_written_to_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x\n1\n")
    locked = tmp_path / "locked"
    locked.mkdir(0o555)
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    may = os.access
    # Root may write anywhere: the answer of the system is what is pretended, as its user would get it.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != locked and may(path, mode))
    series = ["train", "--series", str(tmp_path / "file"), "--column", "x", "--name", "x", "--out", str(tmp_path)]
    for arguments in (
        ["train", "sine-gru", "--out"], ["example", "nile", "--to"], [*series, "--runs"],
    ):  # fmt: skip
        for folder, message in (
            ("file", "is a file"), ("file/below", "which is a file"), ("locked", "permission denied"),
            ("locked/deep/er", "permission denied"), ("a" * 300, "name too long"),
            ("nowhere", "leads nowhere"), ("nowhere/below", "leads nowhere"),
        ):  # fmt: skip
            with pytest.raises(SystemExit) as refused:
                main([*arguments, str(tmp_path / folder)])
            assert refused.value.code == 2
            assert message in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "locked", "nowhere"]


def test_a_default_folder_that_cannot_be_written_to_is_refused_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").write_text("a file")
    (tmp_path / "runs").write_text("a file")
    series = ["train", "--series", "x.csv", "--column", "x", "--name", "x"]
    for arguments, option in (["train"], "--models-dir"), ([*series, "--out", "elsewhere"], "--runs"):
        with pytest.raises(SystemExit):
            main(arguments)
        assert option in capsys.readouterr().err


def test_a_disk_that_refuses_in_the_middle_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "models/sine-gru")

    monkeypatch.setattr(jobs, "run", full)
    assert main(["train", "sine-gru", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "failed: models/sine-gru: No space left on device\n"


def test_a_folder_of_a_model_that_came_to_nothing_leaves_no_empty_folders_behind(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    for target in ("new/models/sine-gru/1", "kept/sine-gru/1"):
        with pytest.raises(FileNotFoundError), replacing(tmp_path / target) as staged:
            (staged / "model.keras" / "full").write_text("half")
    assert [path.name for path in tmp_path.rglob("*")] == ["kept"]
    with replacing(tmp_path / "new/sine-gru/1") as staged:
        (staged / "model.keras").write_text("whole")
    assert (tmp_path / "new/sine-gru/1/model.keras").read_text() == "whole"
