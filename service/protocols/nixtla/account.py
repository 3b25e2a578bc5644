"""What TimeGPT's SDK asks besides forecasts: whether the key is good, what is left, which models there are."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from service.http.auth import needs
from service.http.deps import CatalogDep, QuotaDep, posted
from service.http.numbers import LONGEST_HORIZON, MOST_VALUES
from service.http.openapi import request_body
from service.keys import Scope

_MINUTE, _MONTH = 60, 30 * 86_400
# R's client refuses intervals for series that are shorter than the two together, which here none has to be.
_R_INPUT, _R_HORIZON = 32, 1

router = APIRouter(prefix="/nixtla", tags=["nixtla"])


class Asked(BaseModel):
    """What R's client posts, of which nothing changes the answer."""

    model_config = ConfigDict(extra="ignore")

    model: str | None = None
    freq: Any = None


AskedDep = Annotated[Asked, posted(Asked, absent=b"{}")]
_BODY = request_body(Asked)


class KeyIsGood(BaseModel):
    detail: str


class UsageWindow(BaseModel):
    """Requests in a moving window; null where no quota has one of that length."""

    used: int | None = None
    limit: int | None = None


class Usage(BaseModel):
    """`windows` are all that the quota has, by their length in seconds."""

    minute: UsageWindow
    month: UsageWindow
    windows: dict[int, UsageWindow]


class ModelParams(BaseModel):
    """How much history is worth sending, and how far a forecast goes."""

    input_size: int
    horizon: int


class ModelParamsAnswer(BaseModel):
    detail: ModelParams


class ModelName(BaseModel):
    name: str


class NixtlaModels(BaseModel):
    models: list[ModelName]


_GOOD = KeyIsGood(detail="The key is good here, or none is needed.")


@router.get("/validate_api_key", summary="Is the key good?")
@needs(Scope.predict)
async def validate() -> KeyIsGood:
    return _GOOD


@router.post("/validate_token", summary="Is the key good? (R's client)", openapi_extra=_BODY)
@needs(Scope.predict)
async def validate_token(_: AskedDep) -> KeyIsGood:
    return _GOOD


@router.get("/usage", summary="What the client's quota has left")
@needs(Scope.predict)
async def usage(quota: QuotaDep) -> Usage:
    found = {each.seconds: UsageWindow(used=each.used, limit=each.limit) for each in quota}
    return Usage(minute=found.get(_MINUTE, UsageWindow()), month=found.get(_MONTH, UsageWindow()), windows=found)


@router.get("/model_params", summary="How much history a model reads and how far it forecasts")
@needs(Scope.predict)
async def model_params() -> ModelParamsAnswer:
    return ModelParamsAnswer(detail=ModelParams(input_size=MOST_VALUES, horizon=LONGEST_HORIZON))


@router.post("/model_params", summary="How long a series has to be (R's client)", openapi_extra=_BODY)
@needs(Scope.predict)
async def least_params(_: AskedDep) -> ModelParamsAnswer:
    return ModelParamsAnswer(detail=ModelParams(input_size=_R_INPUT, horizon=_R_HORIZON))


@router.get("/v2/models", summary="Names that `model` may have")
@needs(Scope.predict)
async def models(catalog: CatalogDep) -> NixtlaModels:
    able = sorted(model.card.name for model in catalog if model.reading.forecasts)
    return NixtlaModels(models=[ModelName(name=name) for name in ("auto", *able)])
