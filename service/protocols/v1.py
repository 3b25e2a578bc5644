"""POST /v1/models/{model}:predict, the protocol of TF Serving and KServe v1: instances in, predictions out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, Tag
from starlette.convertors import StringConvertor, register_url_convertor

from service.errors import InvalidInput, Problem
from service.http.auth import needs
from service.http.body import parse
from service.http.codec import JSON, Call, Codec, Content
from service.http.deps import CatalogDep
from service.http.numbers import MOST_SEQUENCES, MOST_VALUES, Number, Pair
from service.http.protocol import Protocol
from service.inference import answers
from service.inference.questions import NextValues
from service.inference.sequences import Sequence
from service.keys import Scope
from service.protocols.kserve_errors import ERROR_STRING, NO_MODEL

_Values = Annotated[list[Number], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True)]
_Steps = Annotated[list[tuple[Number]], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True)]
_Pairs = Annotated[list[Pair], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True)]
Instance = Annotated[
    Annotated[_Values, Tag("values")] | Annotated[_Steps, Tag("steps")] | Annotated[_Pairs, Tag("pairs")],
    Field(union_mode="left_to_right"),
]


class V1PredictRequest(BaseModel):
    """Sequences of any lengths: numbers, numbers in lists of one as Keras takes them, or [index, value] pairs."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    signature_name: Literal["serving_default"] = "serving_default"
    instances: Annotated[list[Instance], Field(min_length=1, max_length=MOST_SEQUENCES, fail_fast=True)]


@dataclass(frozen=True, slots=True)
class V1PredictResponse:
    """One number for each instance."""

    predictions: list[float]


class PredictCodec(Codec[V1PredictRequest]):
    """Both paths of the protocol's one computing endpoint."""

    path = "/v1/models/{model}:predict"
    routes = ("/v1/models/{model}:predict", "/v1/models/{model}/versions/{version}:predict")
    tag = "v1"
    payload = V1PredictRequest
    response = V1PredictResponse
    summary = "Predict the next value of each instance, by the protocol of TF Serving and KServe v1"
    example = {"instances": [[1.0, 2.0, 3.0, 4.0]]}  # noqa: RUF012  # overrides an instance attribute

    def read(self, call: Call) -> V1PredictRequest:
        return parse(self.payload, call.body)

    def question(self, payload: V1PredictRequest, call: Call) -> NextValues:
        asked = NextValues(list(map(_sequence, payload.instances)), call.path["model"], call.path.get("version"))
        if asked.values > MOST_VALUES:
            expected = f"at most {MOST_VALUES} values in all"
            raise InvalidInput(f"expected {expected}", code="too_long", problems=(Problem("instances", expected),))
        return asked

    def write(self, found: answers.NextValues, payload: V1PredictRequest, call: Call) -> Content:
        return Content(orjson.dumps(V1PredictResponse(found.values)), JSON)


class _NoVerb(StringConvertor):
    """Part of a path without a verb such as `:predict` at its end."""

    regex = "[^/:]+"


register_url_convertor("no_verb", _NoVerb())
router = APIRouter(prefix="/v1", tags=["v1"])


class ModelNames(BaseModel):
    models: list[str]


class VersionStatus(BaseModel):
    version: str
    state: Literal["AVAILABLE"]
    status: dict[str, str]


class ModelStatus(BaseModel):
    """KServe reads `ready`, TF Serving's clients read `model_version_status`."""

    name: str
    ready: bool
    model_version_status: list[VersionStatus]


@router.get("/models", summary="Names of the served models")
@needs(Scope.predict)
async def models(catalog: CatalogDep) -> ModelNames:
    return ModelNames(models=[model.card.name for model in catalog])


@router.get("/models/{model:no_verb}", summary="Is a model served, in which versions?", responses=NO_MODEL)
@router.get("/models/{model}/versions/{version:no_verb}", summary="Is one version served?", responses=NO_MODEL)
@needs(Scope.predict)
async def status(catalog: CatalogDep, model: str, version: str | None = None) -> ModelStatus:
    catalog.get(model, version)
    served = catalog.versions(model) if version is None else [version]
    return ModelStatus(
        name=model,
        ready=True,
        model_version_status=[
            VersionStatus(version=each, state="AVAILABLE", status={"error_code": "OK", "error_message": ""})
            for each in served
        ],
    )


def _sequence(instance: Any) -> Sequence:
    single = isinstance(instance[0], tuple) and len(instance[0]) == 1
    return [step[0] for step in instance] if single else instance


V1 = Protocol(("/v1",), ERROR_STRING, (PredictCodec(),), (router,))
