"""Series as TimeGPT's SDK takes them, and what it gives back as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from nixtla.nixtla_client import ApiError


def frame(series: dict[str, list[float]], freq: Any = "MS", **columns: float) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "unique_id": name,
                "ds": pd.date_range("2020-01-01", periods=len(values), freq=freq),
                "y": values,
                **columns,
            }
        )
        for name, values in series.items()
    ]
    return pd.concat(parts, ignore_index=True)


def seasonal(length: int, count: int = 2) -> dict[str, list[float]]:
    steps = np.arange(length)
    wave = 10 + 3 * np.sin(2 * np.pi * steps / 12) + 0.01 * steps
    return {f"s{place}": (wave + place).round(2).tolist() for place in range(count)}


def shown(found: Any) -> dict[str, list[Any]]:
    """A frame as lists by its columns."""
    if isinstance(found, pl.DataFrame):
        found = pd.DataFrame(found.to_dict(as_series=False))  # which needs no Arrow
    return {
        name: found[name].astype(str if name in ("ds", "cutoff", "unique_id") else float).tolist() for name in found
    }


def refused(ask: Callable[[], Any]) -> Any:
    try:
        return repr(ask())
    except ApiError as error:
        return [error.status_code, error.body["detail"]]
