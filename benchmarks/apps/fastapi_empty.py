"""FastAPI's empty endpoint: the same Pydantic body, no work at all."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import BaseModel


class Body(BaseModel):
    model: str
    sequence: list[float]


app = FastAPI()


@app.post("/predict")
async def predict(body: Body) -> dict[str, float]:
    return {"value": body.sequence[-1]}


@app.get("/health/ready")
async def ready() -> dict[str, bool]:
    return {"ready": True}
