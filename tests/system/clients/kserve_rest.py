"""Asks a running service through KServe's InferenceRESTClient, v1 and v2, and prints what came back as JSON.

Runs in the clients' own environment: `python kserve_rest.py URL SEQUENCES`, the sequences as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

MODEL = "sine-gru"


async def ask_v1(url: str, sequences: list[list[float]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
        found["v1 model ready"] = await client.is_model_ready(url, MODEL)
        answer = await client.infer(url, {"instances": sequences}, model_name=MODEL)
        found["v1 ragged"] = answer["predictions"]
        try:
            await client.infer(url, {"instances": sequences}, model_name="nobody")
        except httpx.HTTPStatusError as error:
            found["v1 unknown model"] = [error.response.status_code, str(error)]
    return found


async def ask_v2(url: str, sequences: list[list[float]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        found["v2 live"] = await client.is_server_live(url)
        found["v2 ready"] = await client.is_server_ready(url)
        found["v2 model ready"] = await client.is_model_ready(url, MODEL)
        found["v2 unknown ready"] = await client.is_model_ready(url, "nobody")
        for binary in (False, True):
            answers = []
            for sequence in sequences:
                tensor = InferInput("sequence", [1, len(sequence), 1], "FP64")
                tensor.set_data_from_numpy(np.array(sequence, np.float64).reshape(1, -1, 1), binary_data=binary)
                request = InferRequest(
                    MODEL,
                    [tensor],
                    request_id="mine",
                    request_outputs=[RequestedOutput("prediction", {"binary_data": binary})],
                )
                result = await client.infer(url, request, model_name=MODEL)
                assert result.id == "mine"
                found["v2 verdicts"] = result.parameters
                answers += result.outputs[0].as_numpy().reshape(-1).tolist()
            found[f"v2 binary={binary}"] = answers
        try:
            await client.infer(url, request, model_name="nobody")
        except httpx.HTTPStatusError as error:
            found["v2 unknown model"] = [error.response.status_code, str(error)]
    return found


async def main(url: str, sequences: list[list[float]]) -> None:
    print(json.dumps({**await ask_v1(url, sequences), **await ask_v2(url, sequences)}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
