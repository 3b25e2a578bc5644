"""The detection exam: its reading, its counting, and a run of the command on a small labelled set."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.anomalies import detectors, exam, labelled
from benchmarks.accuracy.anomalies.exam import Tally
from benchmarks.accuracy.anomalies.labelled import DataError, Labelled
from service.inference.engine import Engine
from tests.conftest import MODELS

BEGUN = datetime(2024, 1, 1)  # noqa: DTZ001  # as the files have it, of no zone


def at(step: int) -> str:
    return str(BEGUN + timedelta(hours=step))


def wave(seed: int, odd: dict[int, float]) -> NDArray[np.float64]:
    steps = np.arange(600)
    values = 50.0 + 10.0 * np.sin(2.0 * np.pi * steps / 24.0) + np.random.default_rng(seed).standard_normal(600)
    for step, size in odd.items():
        values[step] += size
    return values


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two series of the layout: one with two outliers and their windows, one with neither."""
    (tmp_path / "labels").mkdir()
    for name, values in (("real/odd.csv", wave(1, {300: 12.0, 450: -12.0})), ("real/calm.csv", wave(2, {}))):
        file = tmp_path / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = [f"{at(step)},{value}" for step, value in enumerate(values.tolist())]
        file.write_text("\n".join(["timestamp,value", *rows]))
    windows = {"real/odd.csv": [[at(295), at(305)], [at(445), at(455)]], "real/calm.csv": []}
    (tmp_path / "labels" / "combined_windows.json").write_text(json.dumps(windows))
    return tmp_path


def test_series_and_windows_are_read(folder: Path) -> None:
    calm, odd = labelled.read(folder)
    assert (calm.name, calm.windows) == ("real/calm.csv", [])
    assert (odd.name, odd.windows) == ("real/odd.csv", [(295, 306), (445, 456)])
    np.testing.assert_array_equal(odd.values, wave(1, {300: 12.0, 450: -12.0}))
    assert [each.name for each in labelled.read(folder, "real/o")] == ["real/odd.csv"]


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("labels/combined_windows.json", "[", "labels of Numenta"),
        ("data/real/odd.csv", "timestamp,value\nyesterday,1", "a timestamp and a number"),
        ("data/real/odd.csv", "when,what\n1,1", "a timestamp and a number"),
        ("data/real/odd.csv", f"timestamp,value\n{BEGUN},nan", "finite"),
        ("data/real/odd.csv", "timestamp,value", "one row or more"),
    ],
)
def test_what_is_not_in_that_layout_is_told(folder: Path, path: str, content: str, words: str) -> None:
    (folder / path).write_text(content)
    with pytest.raises(DataError, match=words):
        list(labelled.read(folder))
    with pytest.raises(DataError, match=r"no such series|labels of Numenta"):
        list(labelled.read(folder, "nothing"))


def test_flags_are_the_highest_scores_after_the_beginning() -> None:
    scores = np.zeros(1000)
    scores[[10, 400, 500, 900]] = [9.0, 1.0, 3.0, 2.0]
    assert exam.flags(scores, 0.0025).tolist() == [500, 900]
    assert exam.flags(np.full(1000, -np.inf), 0.01).tolist() == []
    assert exam.learning(1000) == 150
    assert exam.learning(100_000) == 750


def test_windows_and_alarms_are_counted_once() -> None:
    series = Labelled("a", np.zeros(1000), [(5, 20), (300, 320), (600, 620), (900, 910)])
    flagged = np.array([200, 205, 310, 312, 590, 598, 606])
    # The first window lies in the beginning; 200 and 205 are one false alarm, the others one right alarm each.
    assert exam.tally(series, flagged) == Tally(windows=3, hit=2, alarms=3, right=2)
    assert exam.tally(series, np.array([], np.intp)) == Tally(windows=3)
    found = Tally(3, 2, 3, 2).plus(Tally(1, 1, 0, 0))
    assert (found.recall, found.precision) == (3 / 4, 2 / 3)
    assert (Tally().recall, Tally().precision) == (None, None)


def test_every_detector_finds_a_plain_outlier(engine: Engine) -> None:
    values = wave(3, {400: 30.0})
    for name, detector in detectors.detectors(engine).items():
        scores = detector(values)
        assert scores.shape == values.shape, name
        # Seasonal naive, and the difference after it, are as far off once more.
        assert (int(np.argmax(scores)) - 400) % detectors.season_of(values) in (0, 1), name


def test_the_command_prints_the_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["anomalies", "--data", str(folder), "--models-dir", str(MODELS)]) == 0
    told, _, head, _, service, *others = capsys.readouterr().out.splitlines()
    assert told == "2 series, 1200 values, 2 windows"
    assert head.count("flagged") == 3
    assert service.startswith("| Unroll | ")
    assert "| 100% |" in service
    assert len(others) == 3


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["anomalies", "--data", str(tmp_path), "--models-dir", str(MODELS)]) == 1
    assert "expected the labels" in capsys.readouterr().err
