"""Asks a running service through NVIDIA's tritonclient, sync and asyncio, and prints what came back as JSON.

Runs in the clients' own environment: `python triton_http.py HOST:PORT SEQUENCES`, the sequences as JSON.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from typing import Any

import numpy as np
import tritonclient.http as sync
import tritonclient.http.aio as aio
from tritonclient.utils import InferenceServerException

MODEL = "sine-gru"
ENCODINGS = (None, "gzip", "deflate")


def asked(module: Any, sequences: list[list[float]], binary: bool, datatype: str) -> tuple[list[Any], list[Any]]:
    """Inputs and outputs of one request: the sequences padded with what must not count, and their lengths."""
    lengths = np.array([len(each) for each in sequences], np.int32)
    kind = {"FP64": np.float64, "FP32": np.float32}[datatype]
    padded = np.full((len(sequences), lengths.max(), 1), 1e6, kind)
    for row, sequence in enumerate(sequences):
        padded[row, : len(sequence), 0] = sequence
    tensors = [
        module.InferInput("sequence", list(padded.shape), datatype),
        module.InferInput("length", list(lengths.shape), "INT32"),
    ]
    tensors[0].set_data_from_numpy(padded, binary_data=binary)
    tensors[1].set_data_from_numpy(lengths, binary_data=binary)
    return tensors, [module.InferRequestedOutput("prediction", binary_data=binary)]


def cases() -> list[tuple[bool, str, str | None, str | None]]:
    return list(itertools.product((False, True), ("FP64", "FP32"), ENCODINGS, ENCODINGS))


def numbers(result: Any) -> list[float]:
    return result.as_numpy("prediction").reshape(-1).tolist()


def ask_sync(address: str, sequences: list[list[float]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with sync.InferenceServerClient(address) as client:
        found["live"] = client.is_server_live()
        found["ready"] = client.is_server_ready()
        found["model ready"] = client.is_model_ready(MODEL) and client.is_model_ready(MODEL, "1")
        found["unknown ready"] = client.is_model_ready("nobody")
        found["server"] = client.get_server_metadata()["name"]
        found["metadata"] = client.get_model_metadata(MODEL)
        found["config"] = client.get_model_config(MODEL)
        for binary, datatype, request, response in cases():
            inputs, outputs = asked(sync, sequences, binary, datatype)
            result = client.infer(
                MODEL,
                inputs,
                model_version="1",
                outputs=outputs,
                request_id="mine",
                request_compression_algorithm=request,
                response_compression_algorithm=response,
            )
            assert result.get_response()["id"] == "mine"
            found[f"sync binary={binary} {datatype} {request} {response}"] = numbers(result)
            found["verdicts"] = result.get_response()["parameters"]
        inputs, _ = asked(sync, sequences, True, "FP64")
        found["sync default"] = numbers(client.infer(MODEL, inputs))
        found["async_infer"] = numbers(client.async_infer(MODEL, inputs).get_result())
        client.unload_model("linear-gru")
        index = {each["name"]: each["state"] for each in client.get_model_repository_index()}
        found["unloaded"] = index["linear-gru"], client.is_model_ready("linear-gru")
        client.load_model("linear-gru")
        found["loaded"] = client.is_model_ready("linear-gru")
        (stats,) = client.get_inference_statistics(MODEL)["model_stats"]
        found["executions"] = stats["execution_count"]
        try:
            client.infer("nobody", inputs)
        except InferenceServerException as error:
            found["unknown model"] = [error.status(), error.message()]
    return found


async def ask_asyncio(address: str, sequences: list[list[float]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    async with aio.InferenceServerClient(address) as client:
        assert await client.is_server_ready()
        for binary, datatype, request, response in cases():
            inputs, outputs = asked(aio, sequences, binary, datatype)
            result = await client.infer(
                MODEL,
                inputs,
                outputs=outputs,
                request_compression_algorithm=request,
                response_compression_algorithm=response,
            )
            found[f"asyncio binary={binary} {datatype} {request} {response}"] = numbers(result)
    return found


if __name__ == "__main__":
    address, sequences = sys.argv[1], json.loads(sys.argv[2])
    print(json.dumps({**ask_sync(address, sequences), **asyncio.run(ask_asyncio(address, sequences))}))
