"""FastAPI and ONNX Runtime: the same network on the same features, without check and without log."""

from __future__ import annotations

import os

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI
from pydantic import BaseModel

from service.inference.scaling import answers, causal

_options = ort.SessionOptions()
_options.intra_op_num_threads = 1
session = ort.InferenceSession(os.environ["MODEL"] + "/model.onnx", _options, providers=["CPUExecutionProvider"])
zeros = {
    node.name: np.zeros((1, 1, node.shape[-1]), np.float32) for node in session.get_inputs() if node.name[1:3] == "0_"
}


class Body(BaseModel):
    model: str
    sequence: list[float]


app = FastAPI()


@app.post("/predict")
async def predict(body: Body) -> dict[str, float]:
    values = np.array([body.sequence])
    features, scale = causal(values)
    length = np.array([len(body.sequence)], np.int32)
    output = session.run(["prediction"], {"sequence": features, "length": length, **zeros})[0][:, :, 0]
    return {"value": float(answers(values, scale, output)[0, -1])}
