"""Tasks of other packages: found, listed, trained and served; bad ones refused by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from service.folders import read_folder
from training import registry
from training.__main__ import main
from training.registry import PUBLISHED

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"


def documented(language: str) -> str:
    """The example's file in that language, as CONTRIBUTING.md prints it."""
    text = CONTRIBUTING.read_text().partition("## A task of your own")[2]
    return text.partition(f"```{language}\n")[2].partition("```")[0]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the documented package was installed into by pip."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    (source / "pyproject.toml").write_text(documented("toml"))
    (source / "triangles.py").write_text(documented("python"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", str(target), str(source)], check=True)
    return target


@pytest.fixture
def installed(package: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package on the path of this process."""
    monkeypatch.syspath_prepend(str(package))
    registry.tasks.cache_clear()
    yield
    registry.tasks.cache_clear()


def test_an_installed_task_is_listed_beside_the_published(
    installed: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in ("triangles-simplernn", "triangles-lstm", "triangles-gru", *PUBLISHED))
    assert main(["list", "--task", "triangles"]) == 0
    assert "sine-gru" not in capsys.readouterr().out


def test_an_installed_task_draws_what_its_defaults_need(installed: None) -> None:
    task = registry.tasks()["triangles"]
    batch = task.batches(np.random.default_rng(0), 5, task.stages[1])
    assert batch.inputs.shape == (5, task.stages[1].timesteps, 2)
    assert batch.future is not None
    (test,) = task.test_sets(np.random.default_rng(0), 50)
    assert test.lengths.min() >= task.lengths[0]
    assert test.inputs.shape == (50, int(test.lengths.max()), 1)


@pytest.mark.tensorflow
@pytest.mark.usefixtures("installed", "jobs_in_this_process")
def test_the_documented_task_is_trained_and_judged_beside_its_own_rule(tmp_path: Path) -> None:
    assert main(["train", "triangles-gru", "--steps", "2", "--count", "60", "--out", str(tmp_path)]) == 0
    card = read_folder(tmp_path / "triangles-gru" / "1").card
    assert (card.task, card.family, card.reading.kind) == ("triangles", "tuned", "series")
    assert card.lengths.trained == (8, 64)
    assert "mean" in card.evaluations[0].rules
    assert card.intervals is not None


THING = "from training.tasks.next_value import NextValue\nclass Thing(NextValue):\n"
BAD = {
    "not a task": ("class Thing:\n    pass\n", "thing", "is no subclass"),
    "broken": ("raise RuntimeError('no')\n", "thing", "cannot be imported: RuntimeError"),
    "nameless": (
        THING + "    pass\n",
        "thing",
        "lacks name and desc",
    ),
    "two names": (
        THING + "    name = 'Thing'\n    description = ''\n",
        "thing",
        "both must be one name",
    ),
    "abstract": (
        THING + "    name = 'thing'\n    description = ''\n",
        "thing",
        "cannot be made without arguments",
    ),
    "taken": (
        THING + "    name, description, draw = 'sine', '', None\n",
        "sine",
        "two tasks are called sine",
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_task_is_refused_by_name(
    bad: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, name, message = BAD[bad]
    module = f"bad_task_{list(BAD).index(bad)}"
    (tmp_path / f"{module}.py").write_text(code)
    metadata = tmp_path / f"{module}-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[unroll.tasks]\n{name} = {module}:Thing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("COLUMNS", "300")
    registry.tasks.cache_clear()
    try:
        assert main(["list"]) == 1
    finally:
        registry.tasks.cache_clear()
    assert message in capsys.readouterr().err
