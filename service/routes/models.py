"""GET /models, their cards and plots."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel

from service.cards import Evaluation, Family, ModelCard
from service.http.auth import needs
from service.http.deps import CatalogDep
from service.http.encoding import encoded
from service.http.errors import PROBLEMS
from service.inference.sequences import Kind
from service.inference.writing import OutputKind
from service.keys import Scope

router = APIRouter(prefix="/models", tags=["models"])


class ModelSummary(BaseModel):
    """What a client needs to choose a model; `test` is the headline test set beside every rule."""

    name: str
    task: str
    architecture: str
    versions: list[str]
    parameters: int
    family: Family
    input: Kind
    output: OutputKind
    description: str
    test: Evaluation


class ModelList(BaseModel):
    """Served models by name, and the folders that were refused with the reason."""

    models: list[ModelSummary]
    refused: dict[str, str]


@router.get("", summary="The served models")
@needs(Scope.predict)
async def models(catalog: CatalogDep) -> ModelList:
    return ModelList(
        models=[
            ModelSummary(
                name=model.card.name,
                task=model.card.task,
                architecture=model.card.architecture,
                versions=catalog.versions(model.card.name),
                parameters=model.card.parameters,
                family=model.card.family,
                input=model.reading.input,
                output=model.reading.output,
                description=model.card.description,
                test=model.card.evaluations[0],
            )
            for model in catalog
        ],
        refused=catalog.refused,
    )


_NOT_SERVED: dict[int | str, dict[str, Any]] = {
    404: PROBLEMS.entry("No such model or version"),
    503: PROBLEMS.entry("The model's folder was refused"),
}


@router.get(
    "/{name}",
    summary="A model's card: layers, training, tests beside the rules, checksums",
    responses=_NOT_SERVED,
)
@needs(Scope.predict)
async def model(catalog: CatalogDep, name: str, version: str | None = None) -> ModelCard:
    return catalog.get(name, version).card


# A plot is a file of the model's folder, and an SVG may hold a script: opened by itself, it draws and does no more.
_PLOT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@router.get(
    "/{name}/plots/{plot}.svg",
    summary="The loss curve, or the answers against the truth",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}, **_NOT_SERVED},
)
@needs(Scope.predict)
def plot(
    catalog: CatalogDep,
    name: str,
    plot: Literal["loss", "fit"],
    version: str | None = None,
    accept_encoding: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    content = catalog.get(name, version).plots[plot]
    # A page of plots is a tenth of its size.
    content, headers = encoded(accept_encoding.encode("latin-1"), content, ())
    sent = {name.decode(): value.decode() for name, value in headers}
    return Response(content, media_type="image/svg+xml", headers={**sent, "Content-Security-Policy": _PLOT_POLICY})
