"""Batches and training on a real Ray cluster: the local bytes, also when one of two nodes dies."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from service.batch import planning, processes
from tests.service.batch.made import COLUMNS, files, here, long, parquet, scored, series
from tests.system.ray_cluster import FRUGAL, Cluster, busy, kill, one_node, wait_until
from tests.system.ray_jobs import COUNT

pytestmark = pytest.mark.system

MODEL = "textbook-memory-simplernn"  # trained soonest
# One command line after another, in one process which imports Ray once; it says how each ended.
_SMALL = """
import json, sys
from service.batch import planning
from service.__main__ import main
planning.MOST_SERIES = 5
for command in json.loads(sys.argv[1]):
    try:
        main(command)
    except SystemExit as ended:
        print("ended with", ended.code)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with one_node() as found:
        yield found


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Series in 80 parts, which take long enough for both of two nodes to have some."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "MOST_SERIES", 5)
        yield parquet(tmp_path_factory.mktemp("source") / "in.parquet", long(series(400)), rows=1000)


@pytest.fixture(scope="module")
def local(source: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What comes of them here."""
    out = tmp_path_factory.mktemp("local")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "run", here)
        scored(source, out)
    return files(out)


def on_ray(source: str, *runs: tuple[Path, str]) -> subprocess.Popen[str]:
    """A run into each folder, on the cluster at the address beside it."""
    asked = ["batch", source, "--horizon", "3", *COLUMNS, "--engine", "ray"]
    commands = [[*asked, "--output", str(out), "--address", address] for out, address in runs]
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", _SMALL, json.dumps(commands)], stdout=pipe, stderr=pipe, text=True)


def said(process: subprocess.Popen[str]) -> str:
    """What it wrote; it has to end well."""
    _, error = process.communicate()
    assert process.returncode == 0, error
    return error


def test_the_bytes_are_the_local_ones_also_when_a_node_is_killed_in_the_middle(
    tmp_path: Path, source: str, local: dict[str, bytes], cluster: Cluster
) -> None:
    doomed, out = cluster.add(), tmp_path / "ray"
    with on_ray(source, (out, cluster.address)) as process:
        wait_until(process, lambda: busy(doomed, "MapWorker") and (out / "series").is_dir())
        kill(doomed)
        before = len([*(out / "series").iterdir()])
        assert "400 of 400 series" in said(process)
    print(f"{before} of 80 parts were done before")
    assert before < 80
    assert files(out) == local


def test_why_a_run_ends_early_is_said_and_what_ray_was_stopped_at_goes_on_here(
    tmp_path: Path, source: str, local: dict[str, bytes], cluster: Cluster
) -> None:
    nowhere, failing, out = tmp_path / "nowhere", tmp_path / "failing", tmp_path / "out"
    (failing / "forecasts" / "part-000003.parquet").mkdir(parents=True)
    with on_ray(source, (nowhere, "127.0.0.1:1"), (failing, cluster.address), (out, cluster.address)) as process:
        wait_until(process, (out / "series").is_dir)
        process.send_signal(signal.SIGINT)
        output, error = process.communicate()
    assert re.findall(r"^ended with (\d+)$", output, re.MULTILINE) == ["2", "2", "130"], error
    assert re.search("^the Ray cluster: .+$", error, re.MULTILINE)
    assert re.search("^.*Is a directory: .+part-000003.*$", error, re.MULTILINE)
    assert "the same command goes on from here" in error
    scored(source, out)
    assert files(out) == local


def test_the_documented_command_begins_a_cluster_itself(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "batch.md").read_text()
    _, command = re.findall(r"^python -m (service batch .+)$", text, re.MULTILINE)
    parquet(tmp_path / "sales.parquet", long(series(2)))
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=tmp_path,
        env={**os.environ, **FRUGAL, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "2 series" in done.stdout


def test_models_trained_on_a_cluster_are_those_trained_here(tmp_path: Path, cluster: Cluster) -> None:
    train = [sys.executable, "-m", "training", "train", MODEL, "--steps", "2", "--count", "20", "--jobs", "1"]
    on = {"local": (), "ray": ("--address", cluster.address)}
    for engine, more in on.items():
        subprocess.run([*train, "--out", str(tmp_path / engine), "--engine", engine, *more], check=True)
    assert made(tmp_path / "ray") == made(tmp_path / "local")
    assert weights(tmp_path / "ray") == weights(tmp_path / "local")


def made(out: Path) -> dict[str, bytes]:
    """Every file of the models below ``out``, but for how long it took and for Keras' archive, which has a date."""
    changing = re.compile(rb'"(seconds": [0-9.]+|model\.keras": "[0-9a-f]+")')
    return {
        name: changing.sub(b"", content) if name.endswith("card.json") else content
        for name, content in files(out).items()
        if not name.endswith(".keras")
    }


def weights(out: Path) -> bytes:
    """Those in Keras' archive."""
    with zipfile.ZipFile(out / MODEL / "1" / "model.keras") as archive:
        return archive.read("model.weights.h5")


def spread(cluster: Cluster, folder: Path, *more: str) -> subprocess.Popen[str]:
    """Jobs on all nodes of a cluster, as training's are."""
    command = [sys.executable, "-m", "tests.system.ray_jobs", cluster.address, str(folder), *more]
    # Whoever runs these tests in the background ignores SIGINT, and so would the program.
    hearing = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=hearing)


def left(folder: Path) -> list[str]:
    """The files of jobs, whole and half ones."""
    return sorted(each.name for each in folder.iterdir() if each.is_file())


def test_an_error_of_a_job_is_told_as_here_and_the_job_of_a_killed_node_is_done_again(
    tmp_path: Path, cluster: Cluster
) -> None:
    doomed = cluster.add()
    with spread(cluster, tmp_path, "bad") as process:
        wait_until(process, lambda: list(tmp_path.glob(f"begun-job-*/{doomed}")))
        (lost,) = tmp_path.glob(f"begun-job-*/{doomed}")
        kill(doomed)
        told = " ".join(said(process).split())
    assert "invalid_input: this job is bad" in told
    assert "done job-5" in told
    whole = [f"job-{place}" for place in range(COUNT)]
    assert [each for each in left(tmp_path) if each.startswith("job")] == whole
    assert not [each for each in left(tmp_path) if each.startswith("half-other")]  # which the error called off
    assert len([*lost.parent.iterdir()]) == 2


def test_ctrl_c_ends_what_a_cluster_does_and_leaves_nothing_half_written(tmp_path: Path, cluster: Cluster) -> None:
    with spread(cluster, tmp_path) as process:
        wait_until(process, lambda: list(tmp_path.glob("half-*")))
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "nothing half-written is left" in process.stderr.read()
    assert process.returncode == 130
    whole = left(tmp_path)
    assert not [each for each in whole if each.startswith("half-")]
    time.sleep(2.0)
    assert left(tmp_path) == whole
