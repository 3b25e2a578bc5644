"""FastAPI and ``keras_model.predict``: what tutorials show. A plain function, so that it blocks no event loop."""

from __future__ import annotations

import os

import keras
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

from service.inference.scaling import answers, causal

model = keras.saving.load_model(os.environ["MODEL"] + "/model.keras", compile=False)


class Body(BaseModel):
    model: str
    sequence: list[float]


app = FastAPI()


@app.post("/predict")
def predict(body: Body) -> dict[str, float]:
    values = np.array([body.sequence])
    features, scale = causal(values)
    output = model.predict(features, verbose=0)[:, :, 0]
    return {"value": float(answers(values, scale, output)[0, -1])}
