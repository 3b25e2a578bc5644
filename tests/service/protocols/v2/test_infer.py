"""The Open Inference Protocol's infer, over HTTP: JSON and binary tensors, encodings, ragged batches, errors."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

from tests.problems import NUMBER, TEXT, assert_foreign_error

SINE = [0.0, 0.48, 0.84, 1.0, 0.91, 0.6, 0.14, -0.35, -0.76, -0.98]
PAIRS = [[0, 0.1], [3, 0.9], [2, 0.3], [5, 0.7]]
URL = "/v2/models/sine-gru/infer"
HEADER = "Inference-Header-Content-Length"
ENCODERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


def tensor(data: Any, shape: list[int], datatype: str = "FP64", name: str = "sequence") -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def ask(api: httpx.Client, *inputs: dict[str, Any], url: str = URL, **more: Any) -> httpx.Response:
    return api.post(url, json={"inputs": inputs, **more})


def predicted(api: httpx.Client, *sequences: Any, model: str = "sine-gru") -> list[float]:
    answer = api.post("/predict", json={"model": model, "sequences": sequences}).json()
    return [each["value"] for each in answer["predictions"]]


def values(response: httpx.Response) -> list[float]:
    assert response.status_code == httpx.codes.OK, response.text
    (output,) = response.json()["outputs"]
    assert (output["name"], output["datatype"]) == ("prediction", "FP64")
    assert output["shape"] == [len(output["data"]), 1]
    answered: list[float] = output["data"]
    return answered


def binary(
    api: httpx.Client,
    array: np.ndarray[Any, Any],
    datatype: str,
    headers: dict[str, str] | None = None,
    encode: Callable[[bytes], bytes] = bytes,
) -> httpx.Response:
    given = {
        "name": "sequence",
        "shape": list(array.shape),
        "datatype": datatype,
        "parameters": {"binary_data_size": array.nbytes},
    }
    head = json.dumps({"inputs": [given], "parameters": {"binary_data_output": True}}).encode()
    return api.post(URL, content=encode(head + array.tobytes()), headers={HEADER: str(len(head)), **(headers or {})})


def unpacked(response: httpx.Response) -> list[float]:
    assert response.status_code == httpx.codes.OK, response.text
    assert response.headers["content-type"] == "application/octet-stream"
    end = int(response.headers[HEADER])
    (output,) = json.loads(response.content[:end])["outputs"]
    assert "data" not in output
    assert output["parameters"]["binary_data_size"] == len(response.content) - end
    answered: list[float] = np.frombuffer(response.content[end:], "<f8").reshape(output["shape"])[:, 0].tolist()
    return answered


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (SINE, [1, 10, 1]),
        (SINE, [1, 10]),
        ([SINE], [1, 10]),
        ([[[value] for value in SINE]], [1, 10, 1]),
        ([SINE[:5], SINE[5:]], [2, 5]),
        (SINE, [2, 5, 1]),
    ],
)
def test_nested_and_flat_data_are_answered_like_predict(api: httpx.Client, data: Any, shape: list[int]) -> None:
    rows = np.reshape(SINE, shape[:2]).tolist()
    assert values(ask(api, tensor(data, shape))) == predicted(api, *rows)


def test_pairs_are_two_features(api: httpx.Client) -> None:
    answer = ask(api, tensor([PAIRS], [1, 4, 2]), url="/v2/models/memory-lstm/infer")
    assert values(answer) == predicted(api, PAIRS, model="memory-lstm")


def test_padding_never_changes_an_answer(api: httpx.Client) -> None:
    padded = [SINE, SINE[:4] + [1e200] * 6, SINE[:1] + [0.0] * 9]
    lengths = tensor([10, 4, 1], [3], "INT32", "length")
    assert values(ask(api, tensor(padded, [3, 10]), lengths)) == predicted(api, SINE, SINE[:4], SINE[:1])


@pytest.mark.parametrize(("model", "rows"), [("sine-gru", 3), ("sine-gru", 40), ("memory-lstm", 40)])
def test_the_verdicts_on_all_rows_are_counted(api: httpx.Client, model: str, rows: int) -> None:
    rng = np.random.default_rng(rows)
    lengths = rng.integers(3 if model == "memory-lstm" else 1, 30, rows)
    lengths[0] = 30
    table = np.cumsum(rng.standard_normal((rows, 30, 2 if model == "memory-lstm" else 1)), axis=1)
    if model == "memory-lstm":
        table[..., 0], table[..., 1] = rng.integers(0, 6, (rows, 30)), np.sin(table[..., 1])
        table[:, 0, 0] = 2  # without an even index the mean is undefined
    sequences = [row[:length].tolist() for row, length in zip(table, lengths, strict=True)]
    flat = sequences if model == "memory-lstm" else [[value for (value,) in each] for each in sequences]
    padded = np.where(np.arange(30)[:, None] < lengths[:, None, None], table, 1e9)
    answer = ask(
        api,
        tensor(padded.tolist(), list(padded.shape)),
        tensor(lengths.tolist(), [rows], "INT32", "length"),
        url=f"/v2/models/{model}/infer",
    )
    beside = api.post("/predict", json={"model": model, "sequences": flat}).json()["predictions"]
    assert values(answer) == pytest.approx([each["value"] for each in beside], rel=1e-9)
    verdicts = [each["check"]["verdict"] for each in beside if each["check"]]
    assert answer.json()["parameters"] == {name: verdicts.count(name) for name in ("ties", "beats", "loses")}
    assert answer.json()["parameters"]["loses"] < len(verdicts)


def test_integers_are_converted(api: httpx.Client) -> None:
    for datatype in ("INT8", "UINT64", "INT64"):
        assert values(ask(api, tensor([1, 2, 3, 4], [1, 4], datatype))) == predicted(api, [1, 2, 3, 4])


def test_id_and_version_come_back_and_unknown_keys_are_tolerated(api: httpx.Client) -> None:
    answer = ask(
        api, tensor(SINE, [1, 10]), url="/v2/models/sine-gru/versions/1/infer", id="mine", parameters={"priority": 1}
    ).json()
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("mine", "sine-gru", "1")


@pytest.mark.parametrize(
    ("datatype", "dtype"), [("FP64", "<f8"), ("FP32", "<f4"), ("FP16", "<f2"), ("INT32", "<i4"), ("UINT8", "u1")]
)
def test_binary_tensors_are_answered_like_predict(api: httpx.Client, datatype: str, dtype: str) -> None:
    array = (np.array([SINE]) if dtype.startswith("<f") else np.array([[1, 2, 3, 5]])).astype(dtype)
    assert unpacked(binary(api, array, datatype)) == predicted(api, array[0].tolist())


def test_outputs_are_binary_only_where_asked(api: httpx.Client) -> None:
    def shown(wanted: bool) -> list[dict[str, Any]]:
        return [{"name": "prediction", "parameters": {"binary_data": wanted}}]

    assert unpacked(ask(api, tensor(SINE, [1, 10]), outputs=shown(True))) == predicted(api, SINE)
    everything = {"binary_data_output": True}
    assert values(ask(api, tensor(SINE, [1, 10]), outputs=shown(False), parameters=everything)) == predicted(api, SINE)


@pytest.mark.parametrize("encoding", ENCODERS)
def test_encodings_are_honoured_both_ways(api: httpx.Client, encoding: str) -> None:
    headers = {"Content-Encoding": encoding, "Accept-Encoding": encoding}
    answer = binary(api, np.array([SINE]), "FP64", headers, ENCODERS[encoding])
    assert answer.headers["content-encoding"] == encoding
    assert unpacked(answer) == predicted(api, SINE)


def test_an_encoding_that_is_refused_is_not_used(api: httpx.Client) -> None:
    for accept in ("gzip;q=0, identity", "br", "identity"):
        assert "content-encoding" not in binary(api, np.array([SINE]), "FP64", {"Accept-Encoding": accept}).headers
    mixed = binary(api, np.array([SINE]), "FP64", {"Accept-Encoding": "br, gzip;q=0, deflate;q=0.5"})
    assert mixed.headers["content-encoding"] == "deflate"


def test_a_body_that_decompresses_beyond_the_cap_is_refused(api: httpx.Client) -> None:
    for encoding, encode in ENCODERS.items():
        bomb = encode(b" " * (9 << 20))
        assert_foreign_error(api.post(URL, content=bomb, headers={"Content-Encoding": encoding}), 413)


@pytest.mark.parametrize("encoding", ENCODERS)
def test_a_damaged_encoding_is_bad_input(api: httpx.Client, encoding: str) -> None:
    whole = ENCODERS[encoding](json.dumps({"inputs": [tensor(SINE, [1, 10])]}).encode())
    for damaged in (b"plain", whole[:-1], whole + b"x", b""):
        assert_foreign_error(api.post(URL, content=damaged, headers={"Content-Encoding": encoding}), 400)


def test_an_unknown_encoding_or_type_is_refused(api: httpx.Client) -> None:
    assert_foreign_error(api.post(URL, content=b"x", headers={"Content-Encoding": "br"}), 415, "gzip")
    assert_foreign_error(api.post(URL, content=b"x", headers={"Content-Type": "text/html"}), 415)


def test_an_answer_is_on_record_as_it_was_read(api: httpx.Client) -> None:
    answer = ask(api, tensor(SINE, [1, 10]))
    row = api.get(f"/requests/{answer.headers['x-request-id']}").json()
    assert row["endpoint"] == "/v2/models/{model}/infer"
    assert row["models"] == ["sine-gru/1"]
    assert row["response"] == answer.json()
    assert row["response_bytes"] == len(answer.content)


BAD_TENSORS: dict[str, Any] = {
    "no inputs": [],
    "only a length": [tensor([1], [1], "INT32", "length")],
    "an unknown name": [tensor(SINE, [1, 10], name=TEXT)],
    "the same twice": [tensor(SINE, [1, 10]), tensor(SINE, [1, 10])],
    "another datatype": [tensor(SINE, [1, 10], "BYTES")],
    "rank 1": [tensor(SINE, [10])],
    "rank 4": [tensor(SINE, [1, 1, 10, 1])],
    "three features": [tensor(SINE[:9], [1, 3, 3])],
    "no sequences": [tensor([], [0, 4])],
    "no timesteps": [tensor([], [4, 0])],
    "a huge shape": [tensor(SINE, [200_000, 200_000])],
    "a negative shape": [tensor(SINE, [-1, 10])],
    "too few elements": [tensor(SINE[:9], [1, 10])],
    "another nesting": [tensor([[1, 2], [3, 4], [5, 6]], [2, 3])],
    "ragged rows": [tensor([[1, 2], [3]], [2, 2])],
    "strings": [tensor([TEXT], [1, 1])],
    "booleans": [tensor([True], [1, 1])],
    "nulls": [tensor([1, None], [1, 2])],
    "too large": [tensor([1.0, 1e301], [1, 2])],
    "fractions as integers": [tensor([1, 2.5], [1, 2], "INT32")],
    "integers beyond their type": [tensor([1, 300], [1, 2], "INT8")],
    "no data": [{"name": "sequence", "shape": [1, 2], "datatype": "FP64"}],
    "a length of nothing": [tensor(SINE, [1, 10]), tensor([0], [1], "INT32", "length")],
    "a length beyond": [tensor(SINE, [1, 10]), tensor([11], [1], "INT32", "length")],
    "half a length": [tensor(SINE, [1, 10]), tensor([1.5], [1], "FP64", "length")],
    "too many lengths": [tensor(SINE, [1, 10]), tensor([3, 3], [2], "INT32", "length")],
    "pairs for a model of values": [tensor([PAIRS], [1, 4, 2])],
}


@pytest.mark.parametrize("case", BAD_TENSORS)
def test_bad_tensors_are_a_400_in_the_protocols_own_shape(api: httpx.Client, case: str) -> None:
    assert_foreign_error(ask(api, *BAD_TENSORS[case]), 400)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"inputs": [{"name": "sequence", "shape": [1, 2], "datatype": "FP64", "data": [1, NaN]}]}',
        b'{"inputs": [{"name": "sequence", "shape": [1, 2], "datatype": "FP64", "data": [1, 1e400]}]}',
        b'{"inputs": [{"name": "sequence", "shape": [9, 2], "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}]}',
        b'{"inputs": ' + b"[" * 100_000,
        b'{"a": ' + b"[" * 100_000,
        b'{"inputs": [{"name": "sequence", "shape": [1, 2], "datatype": "FP64", "data": [1, ' + b"9" * 5000 + b"]}]}",
        b'{"\\u0061": ' + b"9" * 5000 + b', "inputs": []}',
    ],
)
def test_a_bad_body_is_a_400(api: httpx.Client, body: bytes) -> None:
    assert_foreign_error(api.post(URL, content=body), 400)


def test_bytes_that_do_not_fit_are_bad_input(api: httpx.Client) -> None:
    array = np.array([SINE])
    given = {"name": "sequence", "shape": [1, 10], "datatype": "FP64", "parameters": {"binary_data_size": 80}}
    head = json.dumps({"inputs": [given]}).encode()
    for body, length in (
        (head + array.tobytes()[:-1], len(head)),
        (head + array.tobytes() + b"x", len(head)),
        (head + array.tobytes(), len(head) + 1),
        (head + array.tobytes(), 10_000),
    ):
        assert_foreign_error(api.post(URL, content=body, headers={HEADER: str(length)}), 400)
    for length in ("-1", "x", "1" * 30):
        assert_foreign_error(api.post(URL, content=head, headers={HEADER: length}), 400, "Header-Content-Length")
    array[0, 3] = np.nan
    assert_foreign_error(binary(api, array, "FP64"), 400, "finite")


def test_unknown_models_are_a_404_with_the_words_that_clients_look_for(api: httpx.Client) -> None:
    for url in ("/v2/models/nobody/infer", f"/v2/models/{TEXT}/infer", "/v2/models/sine-gru/versions/9/infer"):
        assert_foreign_error(ask(api, tensor(SINE, [1, 10]), url=url), 404, "Request for unknown model")


def test_errors_repeat_no_input(api: httpx.Client) -> None:
    assert_foreign_error(ask(api, tensor([NUMBER, TEXT], [1, 2])), 400)


MONTHS = [round(100.0 + k + 20.0 * float(np.sin(np.pi * k / 6.0)) + 3.0 * (k * k % 5), 3) for k in range(48)]
GENERAL = "/v2/models/series-gru/infer"


def test_the_season_is_an_input_of_its_own(api: httpx.Client) -> None:
    given = tensor(MONTHS, [1, 48])
    for season, shape in ((12, [1]), ([24, 12], [2]), ([24, 12], [1, 2])):
        asked = {"model": "series-gru", "sequence": MONTHS, "season": season}
        expected = api.post("/predict", json=asked).json()["predictions"][0]["value"]
        told = tensor([season] if isinstance(season, int) else season, shape, "INT32", "season")
        assert values(ask(api, given, told, url=GENERAL)) == [expected]
    for bad, shape in (([0], [1]), ([1, 2, 3], [3]), ([1.5], [1])):
        datatype = "FP64" if bad == [1.5] else "INT32"
        refused = ask(api, given, tensor(bad, shape, datatype, "season"), url=GENERAL)
        assert_foreign_error(refused, 400)
        assert "season" in refused.json()["error"]


def test_quantiles_are_an_output_of_nine_deciles(api: httpx.Client) -> None:
    rows = [MONTHS[:40], MONTHS[8:]]
    levels = [each / 10 for each in range(1, 10)]
    asked = {"model": "series-gru", "sequences": rows, "quantiles": levels}
    expected = [[*each["quantiles"].values()] for each in api.post("/predict", json=asked).json()["predictions"]]
    outputs: list[dict[str, Any]] = [{"name": "quantiles"}, {"name": "prediction"}]
    answer = ask(api, tensor(rows, [2, 40]), url=GENERAL, outputs=outputs).json()
    assert [each["name"] for each in answer["outputs"]] == ["quantiles", "prediction"]
    assert answer["outputs"][0]["shape"] == [2, 9]
    assert np.reshape(answer["outputs"][0]["data"], (2, 9)).tolist() == expected
    assert answer["outputs"][1]["data"] == [row[4] for row in expected]
    for output in outputs:
        output["parameters"] = {"binary_data": True}
    response = ask(api, tensor(rows, [2, 40]), url=GENERAL, outputs=outputs)
    head = int(response.headers[HEADER])
    sent = np.frombuffer(response.content[head:], "<f8")
    assert sent[:18].reshape(2, 9).tolist() == expected
    assert sent[18:].tolist() == [row[4] for row in expected]


def test_quantiles_that_there_are_none_of_are_refused_with_the_reason(api: httpx.Client) -> None:
    outputs = [{"name": "quantiles"}]
    still = ask(api, tensor([5.0] * 12, [1, 12]), url=GENERAL, outputs=outputs)
    assert_foreign_error(still, 400)
    assert "stands still" in still.json()["error"]
    textbook = ask(api, tensor(SINE * 2, [1, 20]), url="/v2/models/textbook-sine-lstm/infer", outputs=outputs)
    assert_foreign_error(textbook, 400)
    assert "no quantiles" in textbook.json()["error"]
