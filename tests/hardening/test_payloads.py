"""Whatever JSON is posted, it is answered or refused in few bytes; and a batch answers like its single sequences."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hardening.asking import FORECASTING, MOST_BYTES, PATHS

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
names = st.sampled_from(
    [
        *("sequence", "sequences", "model", "version", "levels", "horizon", "task", "inputs", "instances"),
        *("series", "y", "sizes", "h", "level", "target", "parameters", "configuration", "options"),
    ]
)
payloads = st.dictionaries(names, anything, max_size=4) | anything
values = st.floats(allow_nan=False, allow_infinity=False, width=64)
series = st.lists(values.filter(lambda value: abs(value) <= 1e300), min_size=1, max_size=30)
ordinary = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


def refused_small(response: httpx.Response) -> bool:
    return response.status_code in {400, 404, 413, 422} and len(response.content) <= MOST_BYTES


@pytest.mark.parametrize("path", [*PATHS, *FORECASTING])
@given(payload=payloads)
def test_any_json_is_answered_or_refused(api: httpx.Client, path: str, payload: Any) -> None:
    response = api.post(path, content=json.dumps(payload))
    assert response.status_code == 200 or refused_small(response), response.text[:300]


@pytest.mark.parametrize("path", [*PATHS, *FORECASTING])
@given(body=st.binary(max_size=200))
def test_any_bytes_are_refused(api: httpx.Client, path: str, body: bytes) -> None:
    assert refused_small(api.post(path, content=body))


@given(sequence=series, model=st.sampled_from([None, "sine-gru", "linear-lstm", "sine-simplernn", "textbook-sine-gru"]))
def test_any_finite_sequence_gets_finite_numbers_or_a_reason(
    api: httpx.Client, sequence: list[float], model: str | None
) -> None:
    response = api.post("/predict", json={"sequence": sequence, **({"model": model} if model else {})})
    if response.status_code == 200:
        assert isinstance(response.json()["predictions"][0]["value"], float)
    else:
        assert refused_small(response), response.text


@given(sequences=st.lists(ordinary, min_size=1, max_size=8))
def test_a_ragged_batch_answers_like_its_single_sequences(api: httpx.Client, sequences: list[list[float]]) -> None:
    together = api.post("/predict", json={"sequences": sequences}).json()["predictions"]
    for sequence, answer in zip(sequences, together, strict=True):
        alone = api.post("/predict", json={"sequence": sequence}).json()["predictions"][0]
        assert alone["model"] == answer["model"]
        scale = max(map(abs, [*sequence, 1.0]))
        assert alone["value"] == pytest.approx(answer["value"], rel=1e-5, abs=1e-5 * scale)
