"""Asks a running service through version 0.7 of TimeGPT's SDK, over pandas and polars, and prints the answers as JSON.

Runs in an environment of its own: `python nixtla_earlier_sdk.py URL SEQUENCES KEY`, the sequences as JSON.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from typing import Any

import nixtla
import polars as pl
from nixtla import NixtlaClient
from nixtla_frames import frame, refused, seasonal, shown

warnings.filterwarnings("ignore")
logging.getLogger("nixtla.nixtla_client").setLevel(logging.CRITICAL)


def main(url: str, sequences: list[list[float]], key: str) -> dict[str, Any]:
    client = NixtlaClient(api_key=key, base_url=url, max_retries=1, retry_interval=1)
    given = frame({f"q{place}": values for place, values in enumerate(sequences)})
    df = frame(seasonal(48))
    odd = df.copy()
    odd.loc[30, "y"] += 8
    many = frame(seasonal(3000, 60), freq="h")
    lazy = pl.from_pandas(df)
    return {
        "version": nixtla.__version__,
        "key": client.validate_api_key(),
        "usage": client.usage(),
        "given": shown(client.forecast(given, h=3, freq="MS", level=[80, 97.5])),
        "quantiles": shown(client.forecast(df, h=3, quantiles=[0.1, 0.5, 0.9])),
        "whole": shown(client.forecast(df, h=3, level=[90])),
        "partitions": shown(client.forecast(df, h=3, num_partitions=2, level=[90])),
        "history": shown(client.forecast(df, h=3, add_history=True)),
        "zstd": list(client.forecast(many, h=2, freq="h", model="sine-lstm").shape),
        "cv": shown(client.cross_validation(df, h=4, n_windows=2, level=[80])),
        "anomalies": shown(client.detect_anomalies(odd, level=99)),
        "online": shown(client.detect_anomalies_online(df, h=1, detection_size=5, level=95)),
        "polars": shown(client.forecast(lazy, h=3, freq="1mo", level=[90])),
        "polars cv": shown(client.cross_validation(lazy, h=4, freq="1mo", n_windows=2, level=[80])),
        "unknown": refused(lambda: client.forecast(df, h=3, model="nonsense")),
        "too much": refused(lambda: client.forecast(many, h=1000, freq="h", level=[*range(1, 100)])),
        "wrong key": refused(lambda: NixtlaClient(api_key="nonsense", base_url=url).forecast(df, h=3)),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3])))
