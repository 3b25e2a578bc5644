"""Asks a running service through TimeGPT's own SDK from Ray's workers, and prints what came back as JSON.

Runs in the clients' own environment: `python nixtla_ray.py URL SEQUENCES [KEY]`; the sequences are not asked about.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from typing import Any

# Before it is imported: a test talks to nobody else, begins no worker before there is work, and keeps those it has.
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_enable_worker_prestart": "0",
    "RAY_prestart_worker_first_driver": "0",
    "RAY_idle_worker_killing_time_threshold_ms": "600000",
}

import ray
from nixtla import NixtlaClient
from nixtla_frames import frame, seasonal, shown

warnings.filterwarnings("ignore")
logging.getLogger("nixtla.nixtla_client").setLevel(logging.CRITICAL)


def main(url: str, key: str) -> dict[str, Any]:
    client = NixtlaClient(api_key=key, base_url=url, max_retries=1, retry_interval=1)
    df = frame(seasonal(48, 4))
    odd = df.copy()
    odd.loc[30, "y"] += 8
    # A cluster of its own, whatever other one there is on this machine.
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.default_hash_shuffle_parallelism = 2  # parts of four series, instead of 200 that are nearly all empty
    many, strange = ray.data.from_pandas(df), ray.data.from_pandas(odd)
    try:
        return {
            "whole": shown(client.forecast(df, h=3, freq="MS", level=[90])),
            "forecast": gathered(client.forecast(many, h=3, freq="MS", level=[90])),
            "cv whole": shown(client.cross_validation(df, h=4, freq="MS", n_windows=2)),
            "cv": gathered(client.cross_validation(many, h=4, freq="MS", n_windows=2)),
            "anomalies whole": shown(client.detect_anomalies(odd, freq="MS", level=99)),
            "anomalies": gathered(client.detect_anomalies(strange, freq="MS", level=99)),
        }
    finally:
        ray.shutdown()


def gathered(dataset: ray.data.Dataset) -> dict[str, Any]:
    """What Ray's workers answered, with times as pandas has them."""
    found = dataset.to_pandas()
    return shown(found.astype({name: "datetime64[ns]" for name in ("ds", "cutoff") if name in found}))


if __name__ == "__main__":
    found = main(sys.argv[1], *(sys.argv[3:] or ["none"]))
    print(json.dumps(found))
