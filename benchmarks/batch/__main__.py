"""``python -m benchmarks.batch``: a batch here, one that is killed, one through Ray; statsforecast on a sample."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset as ds

from benchmarks.accuracy.forecasting.forecasters import POINT
from benchmarks.accuracy.forecasting.peers import Peer
from benchmarks.batch.timed import Timed, timed
from benchmarks.batch.windows import HORIZON, KNOWN, SEASON, drawn, mase, write
from benchmarks.contestants import RUNS
from benchmarks.machine import described
from benchmarks.results import write as store
from service.cores import cores

RUNS_OF = ("local", "resumed", "ray")
_PEERS = ("AutoETS", "AutoTheta", "AutoARIMA")
_SERIES_A_PART = 4096


def main(arguments: list[str] | None = None) -> None:
    """Measure, store as JSON and print as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batch", description=__doc__)
    parser.add_argument("--series", type=int, default=1_000_000, help=f"of {KNOWN} values each (default: a million)")
    parser.add_argument("--runs", nargs="+", choices=RUNS_OF, default=RUNS_OF)
    parser.add_argument("--sample", type=int, default=200, help="series for statsforecast's methods; 0 for none")
    parser.add_argument("--out", type=Path, default=RUNS / "batch.json")
    options = parser.parse_args(arguments)
    options.out.parent.mkdir(exist_ok=True)
    content: dict[str, Any] = {"series": options.series, "known": KNOWN, "horizon": HORIZON, "runs": {}}
    with tempfile.TemporaryDirectory(prefix="batch-", dir=options.out.parent) as folder:
        source = Path(folder) / "series.parquet"
        write(source, options.series)
        for name in options.runs:
            print(f"batch: {name}", file=sys.stderr)
            found = run(name, source, Path(folder) / name, options.series)
            content["runs"][name] = {
                "seconds": found.seconds,
                "core_seconds": found.core_seconds,
                "share_of_cores": found.core_seconds / found.seconds / cores(),
                "series_per_core_second": options.series / found.core_seconds,
                "megabytes": found.bytes / 1e6,
                "digest": found.digest,
            }
        if options.sample:
            content["sample"] = sampled(Path(folder) / options.runs[0], options.series, options.sample)
        for name in options.runs:
            shutil.rmtree(Path(folder) / name)
    content["machine"] = described("bench-batch", "benchmarks.batch", arguments)
    store(options.out, content)
    print(table(content))
    if len({each["digest"] for each in content["runs"].values()}) > 1:
        sys.exit("the outputs of the runs differ")


def run(name: str, source: Path, out: Path, series: int) -> Timed:
    """One of the runs: local, killed at half of it and taken up again, or through Ray."""
    if name == "ray":
        return timed(source, out, "--engine", "ray")
    if name == "local":
        return timed(source, out)
    return timed(source, out, kill_at=max(1, series // _SERIES_A_PART // 2)) + timed(source, out)


def sampled(out: Path, series: int, count: int) -> dict[str, Any]:
    """MASE on the 12 values that came after, of the batch's answers and of statsforecast's; the latter's seconds."""
    numbers = np.random.default_rng(1).choice(series, min(count, series), replace=False)
    values = drawn(numbers)
    known, came = values[:, :KNOWN], values[:, KNOWN:]
    answers = ds.dataset(out / "forecasts").to_table(filter=ds.field("id").isin(numbers.tolist())).to_pandas()
    said = answers.sort_values(["id", "step"])["value"].to_numpy().reshape(-1, HORIZON)[np.argsort(np.argsort(numbers))]
    found = {"Unroll": {"mase": _mean(mase(known, came, said))}}
    naive = np.tile(known[:, -SEASON:], HORIZON // SEASON)
    found["seasonal naive"] = {"mase": _mean(mase(known, came, naive))}
    for name in _PEERS:
        peer = Peer(name)
        peer.forecast([known[0]], HORIZON, SEASON)  # compiles, once
        began = time.process_time()
        quantiles = peer.forecast([*known], HORIZON, SEASON)
        seconds = time.process_time() - began
        forecasts = quantiles[:, :, POINT]
        found[name] = {"mase": _mean(mase(known, came, forecasts)), "core_seconds_a_series": seconds / len(known)}
    return {"count": len(known), "methods": found}


def _mean(numbers: Any) -> float:
    return float(np.nanmean(numbers))


def table(content: dict[str, Any]) -> str:
    """The measurement as two tables of Markdown."""
    rows = ["| run | seconds | share of the cores | series/s of a core | MB resident |", "|---|---|---|---|---|"]
    rows += [
        f"| {name} | {each['seconds']:,.0f} | {each['share_of_cores']:.0%} | {each['series_per_core_second']:,.0f} "
        f"| {each['megabytes']:,.0f} |"
        for name, each in content["runs"].items()
    ]
    if "sample" not in content:
        return "\n".join(rows)
    first = next(iter(content["runs"].values()))
    rows += ["", f"| on {content['sample']['count']} of them | MASE | ms of a core a series |", "|---|---|---|"]
    for name, each in content["sample"]["methods"].items():
        mine = 1.0 / first["series_per_core_second"] if name == "Unroll" else None
        seconds = each.get("core_seconds_a_series", mine)
        rows.append(f"| {name} | {each['mase']:.3f} | {'' if seconds is None else f'{1e3 * seconds:.2f}'} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
