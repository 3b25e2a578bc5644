"""Batches and training on a real Ray cluster of two nodes: the local bytes, also when a node dies."""

from __future__ import annotations

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

from service.batch import planning
from tests.service.batch.made import COLUMNS, files, long, parquet, scored, series
from tests.system.ray_cluster import Cluster, busy, kill, two_nodes, wait_until
from tests.system.ray_jobs import COUNT

pytestmark = pytest.mark.system

# Parts so small that there are many.
_SMALL = "from service.batch import planning; planning.MOST_SERIES = 5; from service.__main__ import main; main()"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with two_nodes() as found:
        yield found


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Series in 40 parts."""
    monkeypatch.setattr(planning, "MOST_SERIES", 5)
    return parquet(tmp_path / "in.parquet", long(series(200)), rows=1000)


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Series in 240 parts, which take long enough for every node to have some."""
    monkeypatch.setattr(planning, "MOST_SERIES", 5)
    return parquet(tmp_path / "in.parquet", long(series(1200)), rows=1000)


def on_ray(source: str, out: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _SMALL, "batch", source, "--output", str(out), "--horizon", "3", *COLUMNS]
    return subprocess.Popen([*command, "--engine", "ray", *more], stderr=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> str:
    """What it wrote; it has to end well."""
    _, error = process.communicate()
    assert process.returncode == 0, error
    return error


def test_the_bytes_are_the_local_ones(tmp_path: Path, source: str, cluster: Cluster) -> None:
    with on_ray(source, tmp_path / "ray", "--address", cluster.address) as process:
        assert "200 of 200 series" in said(process)
    scored(source, tmp_path / "local")
    assert files(tmp_path / "ray") == files(tmp_path / "local")


def test_a_node_that_is_killed_in_the_middle_costs_nothing_but_time(
    tmp_path: Path, large: str, cluster: Cluster
) -> None:
    doomed, out = cluster.add(), tmp_path / "ray"
    with on_ray(large, out, "--address", cluster.address) as process:
        wait_until(process, lambda: busy(doomed, "MapWorker") and (out / "series").is_dir())
        kill(doomed)
        before = len([*(out / "series").iterdir()])
        assert "1,200 of 1,200 series" in said(process)
    assert before < 240
    scored(large, tmp_path / "local")
    assert files(out) == files(tmp_path / "local")


def test_what_ray_was_stopped_at_goes_on_here(tmp_path: Path, source: str, cluster: Cluster) -> None:
    out = tmp_path / "out"
    with on_ray(source, out, "--address", cluster.address) as process:
        wait_until(process, (out / "series").is_dir)
        process.send_signal(signal.SIGINT)
        assert "the same command goes on from here" in (process.stderr.read() if process.stderr else "")
    assert process.returncode == 130
    scored(source, out)
    scored(source, tmp_path / "local")
    assert files(out) == files(tmp_path / "local")


def test_what_a_worker_cannot_do_is_said_in_its_words(tmp_path: Path, source: str, cluster: Cluster) -> None:
    (tmp_path / "out" / "forecasts" / "part-000003.parquet").mkdir(parents=True)
    with on_ray(source, tmp_path / "out", "--address", cluster.address) as process:
        _, error = process.communicate()
    assert process.returncode == 2
    assert "Is a directory" in error.splitlines()[-1]


def test_a_cluster_that_is_not_there_is_said(tmp_path: Path, source: str) -> None:
    with on_ray(source, tmp_path / "out", "--address", "127.0.0.1:1") as process:
        _, error = process.communicate()
    assert process.returncode == 2
    assert "the Ray cluster: " in error.splitlines()[-1]


def test_the_documented_command_begins_a_cluster_itself(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "batch.md").read_text()
    _, command = re.findall(r"^python -m (service batch .+)$", text, re.MULTILINE)
    parquet(tmp_path / "sales.parquet", long(series(2)))
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "2 series" in done.stdout


def test_models_trained_on_a_cluster_are_those_trained_here(tmp_path: Path) -> None:
    train = [sys.executable, "-m", "training", "train", "sine-gru", "--steps", "2", "--count", "20", "--out"]
    for engine in ("local", "ray"):
        subprocess.run([*train, str(tmp_path / engine), "--engine", engine, "--jobs", "1"], check=True)
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
    with zipfile.ZipFile(out / "sine-gru" / "1" / "model.keras") as archive:
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


def test_the_job_of_a_killed_node_is_done_again(tmp_path: Path, cluster: Cluster) -> None:
    doomed = cluster.add()
    with spread(cluster, tmp_path) as process:
        wait_until(process, lambda: list(tmp_path.glob(f"begun-*/{doomed}")))
        (lost,) = tmp_path.glob(f"begun-*/{doomed}")
        kill(doomed)
        assert "done job-5" in " ".join(said(process).split())
    whole = [f"job-{place}" for place in range(COUNT)]
    assert [each for each in left(tmp_path) if each.startswith("job")] == whole
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


def test_the_error_of_a_job_is_told_as_here(tmp_path: Path, cluster: Cluster) -> None:
    with spread(cluster, tmp_path, "bad") as process:
        _, error = process.communicate()
    assert process.returncode == 1
    assert "invalid_input: this job is bad" in " ".join(error.split())
