"""TimeGPT's fine-tuning: a model is corrected for the series posted, under an id; listed, described and deleted."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, cast

import anyio.to_thread
import numpy as np
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel

from service.cards import ModelCard
from service.http import encoding
from service.http.auth import needs
from service.http.body import JSON_ONLY, Accepted
from service.http.deps import KeptDep, ServicesDep, posted
from service.http.openapi import request_body
from service.inference.cancellation import Cancellation
from service.inference.finetuning.folder import Made, made_of
from service.inference.finetuning.kept import MICROSECONDS, Asked
from service.keys import Scope
from service.protocols.nixtla.errors import DETAIL
from service.protocols.nixtla.schemas import NixtlaFinetuneRequest

# The client waits for a minute before it asks again, and then it gets what was made meanwhile.
_PATIENCE = 25.0
_CLOSED_FORM = (
    "The last layer is corrected in closed form, for absolute errors: finetune_steps changes nothing, and no window of "
    "a cross-validation is fitted anew (refit)."
)

router = APIRouter(prefix="/nixtla/v2", tags=["nixtla"])

FinetuneDep = Annotated[
    NixtlaFinetuneRequest, posted(NixtlaFinetuneRequest, accepted=Accepted(JSON_ONLY.media_types, encoding.OFFERED))
]
IdDep = Annotated[str, Path(description="The id of a fine-tuned model.")]
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: DETAIL.entry("No fine-tuned model has that id")}


class FinetunedModel(Made):
    """One fine-tuned model. ``helped`` says whether the correction did better than chance on values that taught it
    nothing, and is used; ``mase_before`` and ``mase_after`` are the errors there, without and with it.
    """

    id: str


class FinetunedModels(BaseModel):
    finetuned_models: list[FinetunedModel]


class NixtlaFinetuneResponse(BaseModel):
    """The model's id; `warnings` say what of the request changed nothing, and `finetuned_model` what came out."""

    finetuned_model_id: str
    input_tokens: int
    output_tokens: int
    finetune_tokens: int
    finetuned_model: FinetunedModel
    warnings: list[str]


@router.post(
    "/finetune",
    summary="Correct a general model for the series posted",
    description="The same request makes one model, however often it is sent.",
    openapi_extra=request_body(NixtlaFinetuneRequest),
    responses=DETAIL.entries(404, 413, 415, 503),
)
async def finetune(request: Request, services: ServicesDep, asked: FinetuneDep) -> NixtlaFinetuneResponse:
    asked.require_nothing_else()
    sequences = asked.series.sequences()
    if (charge := request.scope["state"].get("charge")) is not None:
        await charge(MICROSECONDS)
    season = asked.season()
    client = request.scope["state"].get("client")
    wanted = Asked(
        series=[np.array(each, np.float64) for each in sequences],
        season=season[0] if season else None,
        base=asked.named(),
        name=asked.output_model_id,
        client=cast("str", client or "anonymous"),
        model=asked.model,
        freq=asked.freq or "",
        steps=asked.finetune_steps,
        depth=asked.finetune_depth,
        loss=asked.finetune_loss,
    )
    cancellation = Cancellation(services.settings.work_timeout + _PATIENCE)
    work = partial(services.kept.make, wanted)
    card = await services.admission.in_thread(work, MICROSECONDS, cancellation, _PATIENCE)
    made = _described(card)
    stays = "" if made.helped else f" It helped no more than chance does: {made.id} answers as {made.base_model_id}."
    return NixtlaFinetuneResponse(
        finetuned_model_id=made.id,
        input_tokens=len(asked.series.y),
        output_tokens=0,
        finetune_tokens=len(asked.series.y),
        finetuned_model=made,
        warnings=[_CLOSED_FORM + stays],
    )


@router.get("/finetuned_models", summary="All fine-tuned models")
@needs(Scope.predict)
async def finetuned_models(kept: KeptDep) -> FinetunedModels:
    return FinetunedModels(finetuned_models=[_described(card) for card in kept.all()])


@router.get("/finetuned_models/{model}", summary="One fine-tuned model", responses=_UNKNOWN)
@needs(Scope.predict)
async def finetuned_model(kept: KeptDep, model: IdDep) -> FinetunedModel:
    return _described(kept.get(model))


@router.delete(
    "/finetuned_models/{model}", status_code=204, summary="Delete a fine-tuned model for good", responses=_UNKNOWN
)
async def delete_finetuned_model(services: ServicesDep, kept: KeptDep, model: IdDep) -> None:
    await anyio.to_thread.run_sync(kept.remove, model, limiter=services.threads)


def _described(card: ModelCard) -> FinetunedModel:
    made = made_of(card)
    assert made is not None  # noqa: S101  # only such cards come here
    return FinetunedModel(id=card.name, **made.model_dump())
