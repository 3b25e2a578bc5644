"""The OpenAPI document: FastAPI's own routes, and the computing endpoints from the schemas they really use."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from service.api.computing import ComputingEndpoint
from service.api.errors import MEDIA_TYPE, Problem

_REF = "#/components/schemas/{model}"
_ERRORS = {
    HTTPStatus.NOT_FOUND: "No such model, version or task",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not plain JSON",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The input has no answer; `errors` says what was expected",
    HTTPStatus.SERVICE_UNAVAILABLE: "The model or the request log is not available now; try again",
}


def install(app: FastAPI, endpoints: Sequence[ComputingEndpoint[Any]]) -> None:
    """Make ``app.openapi`` describe ``endpoints`` too; the document is built when first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, endpoints)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend the schema


def _document(app: FastAPI, endpoints: Sequence[ComputingEndpoint[Any]]) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes
    )
    adapters: list[tuple[str, Any, TypeAdapter[Any]]] = [("problem", "serialization", TypeAdapter(Problem))]
    for endpoint in endpoints:
        adapters.append((endpoint.path, "validation", TypeAdapter(endpoint.payload)))
        adapters.append((endpoint.path, "serialization", TypeAdapter(endpoint.response)))
    schemas, definitions = TypeAdapter.json_schemas(adapters, ref_template=_REF)
    components = document.setdefault("components", {}).setdefault("schemas", {})
    components.update(definitions["$defs"])
    components.pop("HTTPValidationError", None)
    components.pop("ValidationError", None)
    computing = {
        endpoint.path: {
            "post": {
                "tags": ["computing"],
                "summary": endpoint.summary,
                "operationId": endpoint.path.strip("/"),
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": schemas[endpoint.path, "validation"],
                            "example": endpoint.example,
                        }
                    },
                },
                "responses": {
                    "200": {
                        "description": "The answer; its row is committed to the request log",
                        "content": {"application/json": {"schema": schemas[endpoint.path, "serialization"]}},
                    },
                    **{str(int(status)): problem_response(text) for status, text in _ERRORS.items()},
                },
            }
        }
        for endpoint in endpoints
    }
    document["paths"] = {**computing, **document["paths"]}
    return document


def problem_response(description: str) -> dict[str, Any]:
    """The OpenAPI entry of an error answer."""
    schema = {"$ref": _REF.format(model=Problem.__name__)}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}
