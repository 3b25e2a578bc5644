"""Asks a running service through TimeGPT's own SDK, over pandas, polars and Dask, and prints what came back as JSON.

Runs in the clients' own environment: `python nixtla_sdk.py URL SEQUENCES [KEY]`, the sequences as JSON.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from typing import Any

import dask.dataframe as dd
import numpy as np
import pandas as pd
import polars as pl
from nixtla import NixtlaClient
from nixtla.jobs import JobError
from nixtla_frames import frame, refused, seasonal, shown

warnings.filterwarnings("ignore")
logging.getLogger("nixtla.nixtla_client").setLevel(logging.CRITICAL)


def main(url: str, sequences: list[list[float]], key: str) -> dict[str, Any]:
    client = NixtlaClient(api_key=key, base_url=url, max_retries=1, retry_interval=1)
    given = frame({f"q{place}": values for place, values in enumerate(sequences)})
    df = frame(seasonal(48))
    odd = df.copy()
    odd.loc[30, "y"] += 8
    gaps = df.copy()
    gaps.loc[[20, 45], "y"] = np.nan
    many = frame(seasonal(3000, 60), freq="h")
    plenty = {f"{place:05d}": [float((7 * place + 3 * step**2) % 23) for step in range(4)] for place in range(10_000)}
    extra = df.assign(price=1.0)
    future = frame(seasonal(51), price=1.0).groupby("unique_id").tail(3).drop(columns="y")
    found: dict[str, Any] = {
        "key": client.validate_api_key(log=False),
        "bad key": NixtlaClient(api_key="nonsense", base_url=url).validate_api_key(log=False),
        "usage": client.usage(),
        "models": client.list_models(),
        "finetuned": client.finetuned_models(),
        "delete": client.delete_finetuned_model("mine"),
        "given": shown(client.forecast(given, h=3, freq="MS", level=[80, 97.5])),
        "one series": shown(client.forecast(df[:24].drop(columns="unique_id"), h=2)),
        "quantiles": shown(client.forecast(df, h=3, quantiles=[0.1, 0.5, 0.9])),
        "odd quantiles": shown(client.forecast(df, h=3, quantiles=[0.57, 0.025])),
        "named": shown(client.forecast(df, h=3, model="sine-lstm")),
        "history": shown(client.forecast(df, h=3, add_history=True, level=[80])),
        "partitions": shown(client.forecast(df, h=3, num_partitions=2, level=[90])),
        "whole": shown(client.forecast(df, h=3, level=[90])),
        "history in partitions": shown(client.forecast(df, h=3, num_partitions=2, add_history=True)),
        "checked key": shown(client.forecast(df, h=3, validate_api_key=True)),
        "whole numbers for times": shown(client.forecast(df.assign(ds=[*range(48)] * 2), h=3, freq=1)),
        "hours": shown(client.forecast(frame(seasonal(100), freq="h"), h=3, freq="h")),
        "business days": shown(
            client.forecast(
                frame(seasonal(60), freq=pd.offsets.CustomBusinessDay()), h=3, freq=pd.offsets.CustomBusinessDay()
            )
        ),
        "time zone": shown(client.forecast(df.assign(ds=df.ds.dt.tz_localize("UTC")), h=3, freq="MS")),
        "whole numbers": shown(client.forecast(df.assign(y=(df.y * 10).astype(int)), h=3)),
        "gaps": shown(client.forecast(gaps, h=3)),
        "zstd": list(client.forecast(many, h=2, freq="h", model="sine-lstm").shape),
        "zstd in parts": list(client.forecast(many, h=2, freq="h", model="sine-lstm", num_partitions=3).shape),
        "plenty in parts": shown(client.forecast(yearly(plenty), h=3, freq="YS", num_partitions=10))["TimeGPT"],
        "cv": shown(client.cross_validation(df, h=4, n_windows=3, step_size=1, level=[80])),
        "cv quantiles": shown(client.cross_validation(df, h=4, quantiles=[0.1, 0.9])),
        "cv whole": shown(client.cross_validation(df, h=4, n_windows=2)),
        "cv in parts": shown(client.cross_validation(df, h=4, n_windows=2, num_partitions=2)),
        "anomalies": shown(client.detect_anomalies(odd, level=99)),
        "anomalies in parts": shown(client.detect_anomalies(odd, level=99, num_partitions=2)),
        "online": shown(client.detect_anomalies_online(df, h=1, detection_size=5, level=95)),
        "online windows": shown(client.detect_anomalies_online(df, h=4, detection_size=5, level=95, num_partitions=2)),
        "exogenous": refused(lambda: client.forecast(extra, h=3, X_df=future)),
        "exogenous history": refused(lambda: client.detect_anomalies(extra)),
        "unknown": refused(lambda: client.forecast(df, h=3, model="nonsense")),
        "unknown finetuned": refused(lambda: client.forecast(df, h=3, finetuned_model_id="mine")),
        "finetuning": refused(lambda: client.forecast(df, h=3, finetune_steps=3)),
        "too much": refused(lambda: client.forecast(many, h=1000, freq="h", level=[*range(1, 100)])),
        "wrong key": refused(lambda: NixtlaClient(api_key="nonsense", base_url=url).forecast(df, h=3)),
    }
    lazy = pl.from_pandas(df)
    found |= {
        "polars": shown(client.forecast(lazy, h=3, freq="1mo", level=[90])),
        "polars cv": shown(client.cross_validation(lazy, h=4, freq="1mo", n_windows=2)),
        # Without partitions the client itself fails over polars here, whatever is answered.
        "polars anomalies": shown(client.detect_anomalies(pl.from_pandas(odd), freq="1mo", level=99, num_partitions=1)),
    }
    jobs = {
        "job": client.jobs.forecast(df, h=3, level=[90]),
        "cv job": client.jobs.cross_validation(df, h=4, n_windows=2),
        "online job": client.jobs.detect_anomalies(df, h=1, detection_size=5, level=95),
    }
    found |= {name: shown(job.wait(poll_interval=0.1)) for name, job in jobs.items()}
    try:
        client.jobs.forecast(df, h=3, model="nonsense").wait(poll_interval=0.1)
    except JobError as error:
        found["failed job"] = str(error)
    partitions = dd.from_pandas(df, npartitions=2)
    found |= {
        "dask": shown(client.forecast(partitions, h=3, freq="MS", level=[90]).compute()),
        "dask cv": shown(client.cross_validation(partitions, h=4, freq="MS", n_windows=2).compute()),
        "dask anomalies": shown(
            client.detect_anomalies(dd.from_pandas(odd, npartitions=2), freq="MS", level=99).compute()
        ),
    }
    return found


def yearly(series: dict[str, list[float]]) -> pd.DataFrame:
    """Series of one length, each of which begins in 2020."""
    values = np.array([*series.values()])
    years = pd.date_range("2020", periods=values.shape[1], freq="YS")
    names = np.repeat([*series], values.shape[1])
    return pd.DataFrame({"unique_id": names, "ds": np.tile(years, len(series)), "y": values.ravel()})


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]), *(sys.argv[3:] or ["none"]))))
