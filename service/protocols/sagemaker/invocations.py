"""POST /endpoints/{model}/invocations and /invocations: series in, forecasts out, as DeepAR and Chronos answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from service.errors import InvalidInput, Problem
from service.http.body import JSON_ONLY, Accepted, parse
from service.http.codec import JSON, Call, Codec, Content
from service.http.numbers import MOST_SEQUENCES
from service.inference import answers
from service.inference.questions import Forecast
from service.levels import written
from service.protocols.frequencies import later
from service.protocols.sagemaker.schemas import DeepArInstance, Invocation

_LINES = b"application/jsonlines"
# The name of an endpoint that leaves the choice of a model to the service.
_ANY_MODEL = "auto"


@dataclass(frozen=True, slots=True)
class InvocationsResponse:
    """One prediction for each series, in the members that DeepAR or Chronos answers.

    Beside them `model`, `version`, `check`, `warnings` and `season`, as `/forecast` answers. `mean` is the answer, the
    median; quantiles and samples are null where nothing says how wide they must be.
    """

    predictions: list[dict[str, Any]]


class InvocationsCodec(Codec[Invocation]):
    path = "/endpoints/{model}/invocations"
    routes = ("/endpoints/{model}/invocations", "/invocations")
    accepted = Accepted(JSON_ONLY.media_types | {_LINES}, ())
    tag = "sagemaker"
    payload = Invocation
    response = InvocationsResponse
    summary = "Continue series, as SageMaker's DeepAR (instances) and Chronos (inputs) are asked"
    example = {  # noqa: RUF012  # overrides an instance attribute
        "instances": [{"start": "2024-01-01 00:00:00", "target": [4.0, 5.0, 7.0, 6.0, 8.0]}],
        "configuration": {"output_types": ["mean", "quantiles"], "quantiles": ["0.1", "0.9"], "prediction_length": 3},
    }

    def read(self, call: Call) -> Invocation:
        if not _is_lines(call.headers.get(b"content-type")):
            return parse(Invocation, call.body)
        lines = [(number, line) for number, line in enumerate(call.body.splitlines(), 1) if line.strip()]
        if not 1 <= len(lines) <= MOST_SEQUENCES:
            expected = f"1 to {MOST_SEQUENCES} lines"
            code = "too_long" if lines else "too_short"
            raise InvalidInput(f"expected {expected}", code=code, problems=(Problem("body", expected),))
        return Invocation.model_construct(instances=[_instance(line, number) for number, line in lines])

    def question(self, payload: Invocation, call: Call) -> Forecast:
        targets = payload.targets()
        horizon = max(payload.horizons())
        payload.require_room(horizon)
        quantiles = tuple(sorted({*payload.quantiles().values(), *payload.sampled()}))
        model = call.path.get("model", _ANY_MODEL)
        named, season = None if model == _ANY_MODEL else model, payload.season()
        return Forecast(targets, named, None, horizon, (), quantiles, season, payload.beside(horizon))

    def write(self, found: list[answers.Forecast], payload: Invocation, call: Call) -> Content:
        rows = zip(found, payload.horizons(), strict=True)
        told = [replace(each, values=each.values[:horizon]) for each, horizon in rows]
        predictions = _chronos(told, payload) if payload.instances is None else _deepar(told, payload)
        lines = _is_lines(call.headers.get(b"accept")) or (
            _is_lines(call.headers.get(b"content-type")) and call.headers.get(b"accept", b"*/*") == b"*/*"
        )
        if lines:
            return Content(b"".join(orjson.dumps(each) + b"\n" for each in predictions), ((b"content-type", _LINES),))
        return Content(orjson.dumps(InvocationsResponse(predictions)), JSON)

    def located(self, error: InvalidInput, payload: Invocation) -> InvalidInput:
        name = "inputs." if payload.instances is None else "instances."
        problems = tuple(replace(each, where=each.where.replace("sequences.", name)) for each in error.problems)
        return InvalidInput(error.detail, code=error.code, problems=problems, parts=error.parts)


def _is_lines(kind: bytes | None) -> bool:
    return kind is not None and kind.split(b";", 1)[0].strip().lower() == _LINES


def _instance(line: bytes, number: int) -> DeepArInstance:
    try:
        return parse(DeepArInstance, line)
    except InvalidInput as error:
        problems = tuple(replace(each, where=f"line {number}: {each.where}") for each in error.problems)
        raise InvalidInput(error.detail, code=error.code, problems=problems) from None


def _deepar(found: list[answers.Forecast], payload: Invocation) -> list[dict[str, Any]]:
    asked, sampled = payload.configuration.output_types, payload.sampled()
    predictions = []
    for each in found:
        prediction: dict[str, Any] = {}
        if "mean" in asked:
            prediction["mean"] = each.values
        if "quantiles" in asked:
            prediction["quantiles"] = {name: _quantile(each, level) for name, level in payload.quantiles().items()}
        if "samples" in asked:
            # A path keeps its rank at every step.
            prediction["samples"] = None if each.quantiles is None else [_quantile(each, level) for level in sampled]
        predictions.append(prediction | _evidence(each))
    return predictions


def _chronos(found: list[answers.Forecast], payload: Invocation) -> list[dict[str, Any]]:
    levels, frequency = payload.quantiles(), payload.parameters.freq
    predictions = []
    for each, posted in zip(found, payload.inputs or (), strict=True):
        prediction: dict[str, Any] = {"mean": each.values}
        prediction |= {name: _quantile(each, level) for name, level in levels.items()}
        if posted.item_id is not None:
            prediction["item_id"] = posted.item_id
        if posted.start is not None and frequency is not None:
            prediction["start"] = later(posted.start, frequency, len(posted.target))
        predictions.append(prediction | _evidence(each))
    return predictions


def _quantile(found: answers.Forecast, level: float) -> list[float] | None:
    return None if found.quantiles is None else found.quantiles[written(level)][: len(found.values)]


def _evidence(found: answers.Forecast) -> dict[str, Any]:
    of = {"model": found.model, "version": found.version, "check": found.check}
    return {**of, "warnings": found.warnings, "season": found.season}
