"""Runs lines as a document shows them against a running service, and prints what they left as JSON.

Runs in the clients' own environment: `python documented.py URL SEQUENCES LINES`, the sequences as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import numpy as np
import pandas as pd


def main(url: str, lines: str) -> dict[str, int]:
    values = 10 + 3 * np.sin(2 * np.pi * np.arange(60) / 12)
    known: dict[str, Any] = {
        "df": pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2020-01-01", periods=60, freq="MS"), "y": values}),
        "instances": [{"start": "2020-01-01 00:00:00", "target": values.tolist()}],
        "configuration": {"num_samples": 10, "output_types": ["mean", "quantiles", "samples"], "quantiles": ["0.5"]},
    }
    # Whoever comes from SageMaker has some.
    os.environ |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    exec(lines.replace("http://localhost:8000", url), known)  # noqa: S102  # the document's own lines
    found = {name: len(known[name]) for name in ("forecast", "history", "anomalies", "predictions") if name in known}
    assert all(found.values())
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[3])))
