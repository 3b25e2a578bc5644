"""Computing endpoints of the native API: a strict JSON payload in, a JSON record out."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter

from service.errors import InvalidInput
from service.http.body import parse
from service.http.codec import JSON, Call, Codec, Content
from service.inference.questions import Question
from service.protocols.native import anomalies, backtested, claims, compared, inspected, predicted, written
from service.protocols.native.schemas import ComputingPayload
from service.request_log.claims import Reader

Payload = TypeVar("Payload", bound=ComputingPayload)


class NativeCodec(Codec[Payload]):
    """One path of the native API.

    A ``payload`` says what its question is; a ``response`` is made by its ``of(request_id, found, payload)``.
    """

    tag = "computing"

    def __init__(
        self,
        path: str,
        summary: str,
        payload: type[Payload],
        response: type[Any],
        example: dict[str, Any],
        claims: Reader | None = None,
    ) -> None:
        self.path = path
        self.routes = (path,)
        self.summary = summary
        self.payload: type[Payload] = payload
        self.response = response
        self.example = example
        self.claims = claims
        self._dump = TypeAdapter(response).dump_json

    def read(self, call: Call) -> Payload:
        return parse(self.payload, call.body)

    def question(self, payload: Payload, call: Call) -> Question[Any]:
        return payload.question()

    def write(self, found: Any, payload: Payload, call: Call) -> Content:
        return Content(self._dump(self.response.of(call.request_id, found, payload)), JSON)

    def located(self, error: InvalidInput, payload: Payload) -> InvalidInput:
        return payload.located(error)


_WAVE = [0.0, 0.48, 0.84, 1.0, 0.91, 0.6, 0.14, -0.35, -0.76, -0.98]

CODECS: tuple[Codec[Any], ...] = (
    NativeCodec(
        "/predict",
        "Predict the next value of each sequence, with the evidence for it.",
        predicted.PredictRequest,
        predicted.PredictResponse,
        {"sequence": [1, 2, 3, 4]},
        claims.PREDICTED,
    ),
    NativeCodec(
        "/compare",
        "Compare the models of a task and the rules on the same sequences.",
        compared.CompareRequest,
        compared.CompareResponse,
        {"task": "sine", "sequence": [0.0, 0.5, 0.84, 0.99, 0.91, 0.6, 0.14, -0.35], "target": -0.76},
        claims.COMPARED,
    ),
    NativeCodec(
        "/forecast",
        "Continue each sequence up to the horizon, with intervals and evidence.",
        predicted.ForecastRequest,
        predicted.ForecastResponse,
        {"model": "sine-gru", "sequence": _WAVE, "horizon": 5},
        claims.FORECAST,
    ),
    NativeCodec(
        "/backtest",
        "Judge models and rules on a series by rolling-origin forecasts of its later half.",
        backtested.BacktestRequest,
        backtested.BacktestResponse,
        {"models": ["sine-gru"], "horizon": 2, "sequence": [*_WAVE, -0.96, -0.71]},
    ),
    NativeCodec(
        "/anomalies",
        "Judge each value of a sequence by what was to be expected one step before: flags, p values, changes of level.",
        anomalies.AnomaliesRequest,
        anomalies.AnomaliesResponse,
        {"level": 99, "sequence": [10, 12, 15, 11, 13, 16, 12, 14, 17, 13, 45, 18, 14, 16, 19]},
    ),
    NativeCodec(
        "/inspect",
        "Look inside one answer: hidden states, gates, influence of each step, and what is remembered.",
        inspected.InspectRequest,
        inspected.InspectResponse,
        {"model": "memory-lstm", "sequence": [[0, 0.1], [3, 0.9], [2, 0.3], [5, 0.7]]},
        claims.INSPECTED,
    ),
    NativeCodec(
        "/generate",
        "Write about a text or an image symbol by symbol, or draw an image of a text, with the evidence for it.",
        written.GenerateRequest,
        written.GenerateResponse,
        {"model": "translate-date-gru", "input": "3 Nov 26"},
    ),
)
