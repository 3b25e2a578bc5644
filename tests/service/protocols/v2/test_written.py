"""Texts and images by the Open Inference Protocol: BYTES and FP64 tensors, as JSON and as bytes, and bad ones."""

from __future__ import annotations

import json
import struct
from typing import Any

import httpx
import numpy as np
import pytest

from tests.problems import assert_foreign_error
from tests.service.protocols.v2.test_infer import HEADER

URL = "/v2/models/{}/infer"
DATES = ["3 Nov 26", "2026년 11월 3일", "31 Feb 2026"]
TEXTS = {"name": "input", "datatype": "BYTES", "shape": [3, 1], "data": DATES}


def infer(api: httpx.Client, model: str, given: dict[str, Any], **more: Any) -> httpx.Response:
    return api.post(URL.format(model), json={"inputs": [given], **more})


def generated(api: httpx.Client, model: str, *inputs: Any) -> list[dict[str, Any]]:
    return [api.post("/generate", json={"model": model, "input": each}).json() for each in inputs]


def bytes_of(texts: list[str]) -> bytes:
    coded = [text.encode() for text in texts]
    return b"".join(struct.pack("<I", len(each)) + each for each in coded)


def test_texts_are_answered_by_texts(api: httpx.Client) -> None:
    answer = infer(api, "translate-date-gru", TEXTS, outputs=[{"name": "output"}, {"name": "probability"}]).json()
    output, probability = answer["outputs"]
    alone = generated(api, "translate-date-gru", *DATES)
    assert output == {
        "name": "output",
        "datatype": "BYTES",
        "shape": [3, 1],
        "data": [each["output"] for each in alone],
    }
    assert (probability["datatype"], probability["shape"]) == ("FP64", [3, 1])
    assert probability["data"] == [each["probability"] for each in alone]
    assert answer["parameters"] == {"agrees": 2, "differs": 0, "unruled": 1}
    assert (answer["model_name"], answer["model_version"]) == ("translate-date-gru", "1")


def test_texts_go_and_come_as_bytes(api: httpx.Client) -> None:
    data = bytes_of(DATES)
    tensor = {**TEXTS, "shape": [3], "parameters": {"binary_data_size": len(data)}}
    del tensor["data"]
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    response = api.post(URL.format("translate-date-gru"), content=head + data, headers={HEADER: str(len(head))})
    size = int(response.headers[HEADER])
    (output,) = json.loads(response.content[:size])["outputs"]
    written = [each["output"] for each in generated(api, "translate-date-gru", *DATES)]
    assert output["parameters"] == {"binary_data_size": len(bytes_of(written))}
    assert response.content[size:] == bytes_of(written)


def test_metadata_and_config_say_what_a_model_reads_and_writes(api: httpx.Client) -> None:
    metadata = api.get("/v2/models/translate-date-gru").json()
    assert metadata["inputs"] == [{"name": "input", "datatype": "BYTES", "shape": [-1, 1]}]
    assert [each["name"] for each in metadata["outputs"]] == ["output", "probability"]
    config = api.get("/v2/models/translate-date-gru/config").json()
    assert config["input"] == [{"name": "input", "data_type": "TYPE_STRING", "dims": [-1, 1]}]


def test_images_are_answered_by_texts_and_texts_by_images(api: httpx.Client) -> None:
    images = np.random.default_rng(0).integers(0, 17, (2, 8, 8))
    tensor = {"name": "input", "datatype": "UINT8", "shape": [2, 8, 8], "data": images.tolist()}
    flat = {"name": "input", "datatype": "FP64", "shape": [2, 64], "data": images.reshape(2, 64).astype(float).tolist()}
    written = [each["output"] for each in generated(api, "caption-digit-en-gru", *images.reshape(2, 64).tolist())]
    for given in (tensor, flat):
        (output,) = infer(api, "caption-digit-en-gru", given).json()["outputs"]
        assert (output["data"], output["datatype"]) == (written, "BYTES")
    words = {"name": "input", "datatype": "BYTES", "shape": [2], "data": ["three", "sevne"]}
    (drawn,) = infer(api, "draw-digit-gru", words).json()["outputs"]
    assert (drawn["datatype"], drawn["shape"]) == ("FP64", [2, 64])
    assert drawn["data"] == [
        pixel for each in generated(api, "draw-digit-gru", "three", "sevne") for pixel in each["output"]
    ]
    assert api.get("/v2/models/caption-digit-en-gru").json()["inputs"][0]["shape"] == [-1, 64]
    assert [each["name"] for each in api.get("/v2/models/draw-digit-gru").json()["outputs"]] == ["output"]


@pytest.mark.parametrize(
    ("model", "changed"),
    [
        ("translate-date-gru", {"data": ["3 Nov 26"]}),
        ("translate-date-gru", {"data": [1.0, 2.0, 3.0]}),
        ("translate-date-gru", {"data": ["", "a", "b"]}),
        ("translate-date-gru", {"data": ["é", "3 Nov 26", "3 Nov 26"]}),
        ("translate-date-gru", {"data": None}),
        ("translate-date-gru", {"shape": [1, 3]}),
        ("translate-date-gru", {"shape": [0], "data": None}),
        ("translate-date-gru", {"datatype": "FP64"}),
        ("translate-date-gru", {"datatype": "FP64", "data": [0.0] * 64, "shape": [1, 64]}),
        ("translate-date-gru", {"parameters": {"binary_data_size": 3}}),
        ("caption-digit-en-gru", {}),
        ("caption-digit-en-gru", {"datatype": "FP64", "data": [17.0] * 64, "shape": [1, 64]}),
        ("caption-digit-en-gru", {"datatype": "FP64", "data": [1.0] * 63, "shape": [1, 63]}),
        ("caption-digit-en-gru", {"datatype": "FP64", "data": ["1"] * 64, "shape": [1, 64]}),
        ("sine-gru", {}),
        ("sine-gru", {"name": "sequence"}),
    ],
)
def test_bad_tensors_are_refused(api: httpx.Client, model: str, changed: dict[str, Any]) -> None:
    assert_foreign_error(infer(api, model, {**TEXTS, **changed}), 400)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x08\x00", b"\x08\x00\x00\x003 Nov", bytes_of(DATES[:2]), bytes_of(DATES) + b"\0", b"\x01\0\0\0\xff" * 3],
)
def test_bytes_that_are_no_texts_are_refused(api: httpx.Client, data: bytes) -> None:
    tensor = {"name": "input", "datatype": "BYTES", "shape": [3], "parameters": {"binary_data_size": len(data)}}
    head = json.dumps({"inputs": [tensor]}).encode()
    response = api.post(URL.format("translate-date-gru"), content=head + data, headers={HEADER: str(len(head))})
    assert_foreign_error(response, 400)


@pytest.mark.parametrize("outputs", [["prediction"], ["output", "quantiles"]])
def test_outputs_of_other_models_are_refused(api: httpx.Client, outputs: list[str]) -> None:
    asked = [{"name": name} for name in outputs]
    assert_foreign_error(infer(api, "translate-date-gru", TEXTS, outputs=asked), 400)


def test_what_is_written_is_no_output_of_numbers(api: httpx.Client) -> None:
    given = {"name": "sequence", "datatype": "FP64", "shape": [1, 3], "data": [1.0, 2.0, 3.0]}
    assert_foreign_error(infer(api, "sine-gru", given, outputs=[{"name": "output"}]), 400)
    assert_foreign_error(
        infer(api, "draw-digit-gru", {**TEXTS, "data": ["one"] * 3}, outputs=[{"name": "probability"}]), 400
    )
