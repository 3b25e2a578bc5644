"""The series of the batch's measurement, its MASE, and a small run of all of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.batch import __main__ as command
from benchmarks.batch.windows import HORIZON, KNOWN, drawn, mase, write
from benchmarks.results import read
from tests.system.ray_cluster import FRUGAL


def test_a_series_is_the_same_whoever_is_drawn_beside_it(tmp_path: Path) -> None:
    some = drawn(np.array([3, 1]))
    assert some.shape == (2, KNOWN + HORIZON)
    np.testing.assert_array_equal(drawn(np.arange(4))[[3, 1]], some)
    write(tmp_path / "in.parquet", 4)
    table = pq.read_table(tmp_path / "in.parquet")
    assert table["id"].to_pylist() == np.repeat(range(4), KNOWN).tolist()
    assert table["value"].to_numpy()[3 * KNOWN :].tolist() == some[0, :KNOWN].tolist()


def test_mase_is_in_units_of_last_years_values() -> None:
    known = np.tile(np.arange(KNOWN, dtype=float), (2, 1))
    known[1] = 5.0
    said = np.zeros((2, HORIZON))
    np.testing.assert_array_equal(mase(known, said + 6.0, said), [0.5, np.nan])


@pytest.mark.system
def test_a_small_run_measures_everything_and_finds_the_outputs_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in FRUGAL.items():
        monkeypatch.setenv(name, value)
    out = tmp_path / "batch.json"
    command.main(["--series", "40", "--sample", "3", "--out", str(out)])
    found = read(out)
    assert {*found["runs"]} == {*command.RUNS_OF}
    assert len({each["digest"] for each in found["runs"].values()}) == 1
    assert all(each["seconds"] > 0.0 and each["megabytes"] > 50.0 for each in found["runs"].values())
    methods = found["sample"]["methods"]
    assert methods["seasonal naive"]["mase"] > 0.0
    assert "| AutoETS |" in capsys.readouterr().out
