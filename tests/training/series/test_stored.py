"""Series in files: what comes back is what was kept, and no memory grows with them."""

from __future__ import annotations

import os
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from training.series import stored
from training.series.excerpts import excerpts
from training.series.panel import OwnSeries, Panel
from training.series.splits import Split
from training.series.validating import chosen_by
from training.series.windows import Windows

SPLIT = Split(6)


def some(count: int, length: int = 200) -> list[OwnSeries]:
    rng = np.random.default_rng(1)
    moment = np.datetime64("2024-02-29T06:00:00", "s")
    return [
        OwnSeries(f"s{n}", rng.standard_normal(length + n % 5), rng.random(length + n % 5) < 0.05, start=moment)
        for n in range(count)
    ]


def same(one: OwnSeries, other: OwnSeries) -> bool:
    arrays = (one.values == other.values).all() and (one.filled == other.filled).all()
    return bool(arrays) and (one.name, one.start, one.columns) == (other.name, other.start, other.columns)


def test_series_come_back_as_they_were_kept_in_another_process_too(tmp_path: Path) -> None:
    series = [*some(7), OwnSeries("undated", np.arange(3.0), np.zeros(3, bool))]
    kept = stored.store(iter(series), tmp_path / "kept")
    again = pickle.loads(pickle.dumps(kept))  # noqa: S301  # as a worker gets it
    for found in (kept, again):
        assert len(found) == 8
        assert all(map(same, found, series))
        assert same(found[-1], series[-1])
        assert all(map(same, found[1:8:3], series[1:8:3]))
        with pytest.raises(IndexError):
            found[8]
    assert Panel(kept, ()).sha256 == Panel(tuple(series), ()).sha256
    assert len(pickle.dumps(kept)) < 500


def test_the_room_is_gone_when_it_closes_and_so_is_what_a_killed_process_left(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / ".series-4194999-x").mkdir(parents=True)  # above the largest number of a process
    (folder / f".series-{os.getppid()}-y").mkdir()
    with stored.room(folder) as keep:
        assert same(keep(iter(some(3)))[2], some(3)[2])
        assert len(keep(some(2))) == 2
    assert [each.name for each in folder.iterdir()] == [f".series-{os.getppid()}-y"]


def test_a_room_in_which_nothing_was_done_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="refused"), stored.room(tmp_path / "run"):
        raise ValueError("refused")
    assert list(tmp_path.iterdir()) == []


def test_what_is_drawn_is_the_same_from_files_and_from_memory(tmp_path: Path) -> None:
    series = some(6)
    panels = Panel(tuple(series), ()), Panel(stored.store(series, tmp_path / "kept"), ())
    one, other = (excerpts(each, SPLIT, 7, 64).draw(np.random.default_rng(3)) for each in panels)
    assert all(map(np.array_equal, one, other))


def held(panel: Panel) -> int:
    """Bytes that what trains on ``panel`` has at the most, less those that any panel would take."""
    tracemalloc.start()
    drawn = [excerpts(panel, SPLIT, 7, 64, again=again) for again in (False, True)]
    windows = [Windows(panel, SPLIT, 32, again=again) for again in (False, True)]
    drawn[0].draw(np.random.default_rng(0))
    chosen_by(panel, SPLIT).contexts(panel, 64)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert windows
    return most


@pytest.mark.system
def test_no_memory_grows_with_the_values_of_series(tmp_path: Path) -> None:
    # As many series, and so as many names; sixteen times their values.
    few, many = (Panel(stored.store(some(300, each), tmp_path / str(each)), ()) for each in (250, 4000))
    grown = held(many) - held(few)
    assert grown < 300 * 3750 * 8 / 10


@pytest.mark.system
def test_of_each_series_little_is_held(tmp_path: Path) -> None:
    few, many = (Panel(stored.store(some(each), tmp_path / str(each)), ()) for each in (1600, 2400))
    assert (held(many) - held(few)) / 800 < 600  # of 1,600 bytes of values, and as many origins of both
