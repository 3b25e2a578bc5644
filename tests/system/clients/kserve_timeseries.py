"""Asks a running service by KServe's time series API, in KServe's own types, and prints what came back as JSON.

Runs in the clients' own environment: `python kserve_timeseries.py URL SEQUENCES`, the sequences as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import httpx
from kserve.protocol.rest.timeseries.types import (
    ErrorResponse,
    ForecastOptions,
    ForecastRequest,
    ForecastResponse,
    Frequency,
    TimeSeriesInput,
    TimeSeriesType,
)

MODEL = "sine-gru"


def main(url: str, sequences: list[list[float]]) -> dict[str, Any]:
    inputs = [
        TimeSeriesInput(
            type=TimeSeriesType.UNIVARIATE,
            name=str(place),
            series=values,
            frequency=Frequency.MONTH,
            start_timestamp="2024-01-31T00:00:00",
        )
        for place, values in enumerate(sequences)
    ]

    def ask(model: str) -> httpx.Response:
        request = ForecastRequest(
            model=model, inputs=inputs, options=ForecastOptions(horizon=3, quantiles=[0.1, 0.5, 0.9])
        )
        return httpx.post(
            f"{url}/v1/timeseries/forecast", content=request.model_dump_json(exclude_none=True), timeout=60
        )

    answer = ForecastResponse.model_validate_json(ask(MODEL).content)
    unknown = ask("nobody")
    return {
        "models": httpx.get(f"{url}/v1/timeseries/models", timeout=60).json(),
        "answer": answer.model_dump(mode="json"),
        "unknown": [unknown.status_code, ErrorResponse.model_validate_json(unknown.content).error.message],
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]))))
