"""POST /v1/models/{model}:predict, the protocol of TF Serving and KServe v1: instances in, predictions out."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, Tag
from starlette.convertors import StringConvertor, register_url_convertor

from service.api.body import parse
from service.api.computing import ComputingEndpoint
from service.api.deps import CatalogDep, Services
from service.api.openapi import no_model
from service.api.replies import Computed, Content, Posted
from service.api.schemas import MOST_SEQUENCES, MOST_VALUES, Number, Pair
from service.errors import InvalidInput, Problem
from service.inference.answers import Prediction
from service.inference.price import Price
from service.inference.sequences import Sequence, kind_of_short

_NO_MODEL = no_model()


_Values = Annotated[list[Number], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True)]
_Steps = Annotated[list[tuple[Number]], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True)]
_Pairs = Annotated[list[Pair], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True)]
Instance = Annotated[
    Annotated[_Values, Tag("values")] | Annotated[_Steps, Tag("steps")] | Annotated[_Pairs, Tag("pairs")],
    Field(union_mode="left_to_right"),
]


class PredictRequest(BaseModel):
    """Sequences of any lengths: numbers, numbers in lists of one as Keras takes them, or [index, value] pairs."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    signature_name: Literal["serving_default"] = "serving_default"
    instances: Annotated[list[Instance], Field(min_length=1, max_length=MOST_SEQUENCES, fail_fast=True)]


@dataclass(frozen=True, slots=True)
class PredictResponse:
    """One number for each instance."""

    predictions: list[float]


class PredictEndpoint(ComputingEndpoint[list[Sequence]]):
    """Both paths of the protocol's one computing endpoint."""

    path = "/v1/models/{model}:predict"
    routes = ("/v1/models/{model}:predict", "/v1/models/{model}/versions/{version}:predict")
    tag = "v1"
    payload = PredictRequest
    response = PredictResponse
    summary = "Predict the next value of each instance, by the protocol of TF Serving and KServe v1"
    example = {"instances": [[1.0, 2.0, 3.0, 4.0]]}  # noqa: RUF012  # overrides an instance attribute

    def read(self, posted: Posted) -> list[Sequence]:
        request = parse(self.payload, posted.body)
        if sum(map(len, request.instances)) > MOST_VALUES:
            expected = f"at most {MOST_VALUES} values in all"
            raise InvalidInput(f"expected {expected}", code="too_long", problems=(Problem("instances", expected),))
        return [_sequence(instance) for instance in request.instances]

    def price(self, services: Services, question: list[Sequence], posted: Posted) -> Price:
        values = sum(map(len, question))
        return services.engine.prices.predict(len(question), values, posted.path["model"], posted.path.get("version"))

    def compute(self, services: Services, question: list[Sequence], posted: Posted) -> Computed:
        return _computed(services, question, posted, _predict(services, question, posted))

    def joins(self, question: list[Sequence], posted: Posted) -> Hashable | None:
        kind = kind_of_short(question[0]) if len(question) == 1 else None
        return None if kind is None else (posted.path["model"], posted.path.get("version"), kind)

    def compute_together(
        self, services: Services, questions: list[list[Sequence]], posted: list[Posted]
    ) -> list[Computed]:
        predictions = _predict(services, [question[0] for question in questions], posted[0])
        rows = zip(questions, posted, predictions, strict=True)
        return [_computed(services, question, each, [prediction]) for question, each, prediction in rows]

    def write(self, computed: Computed, question: list[Sequence]) -> Content:
        return Content(orjson.dumps(computed.response), ((b"content-type", b"application/json"),))


def _predict(services: Services, sequences: list[Sequence], posted: Posted) -> list[Prediction]:
    # Without levels no intervals are computed: the protocol has no place for them.
    return services.engine.predict(sequences, posted.path["model"], posted.path.get("version"), levels=())


def _computed(services: Services, question: list[Sequence], posted: Posted, predictions: list[Prediction]) -> Computed:
    return Computed(
        PredictResponse([each.value for each in predictions]),
        task=services.catalog.task(posted.path["model"]),
        models=Computed.references(predictions),
        sequences=len(question),
        values=sum(map(len, question)),
    )


class _NoVerb(StringConvertor):
    """Part of a path without a verb such as `:predict` at its end."""

    regex = "[^/:]+"


predict = PredictEndpoint()
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
async def models(catalog: CatalogDep) -> ModelNames:
    return ModelNames(models=[model.card.name for model in catalog])


@router.get("/models/{model:no_verb}", summary="Is a model served, in which versions?", responses=_NO_MODEL)
@router.get("/models/{model}/versions/{version:no_verb}", summary="Is one version served?", responses=_NO_MODEL)
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
