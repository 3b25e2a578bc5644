"""FastAPI and ONNX Runtime: the same network on the same features, without check and without log."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.apps.network import Network

network = Network()


class Body(BaseModel):
    model: str
    sequence: list[float]


app = FastAPI()


@app.post("/predict")
async def predict(body: Body) -> dict[str, float]:
    return {"value": network.next_value(body.sequence)}
