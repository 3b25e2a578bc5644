"""The OpenAPI document: FastAPI's own routes, and the computing endpoints from the schemas they really use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter

from service.api.computing import ComputingEndpoint
from service.api.errors import MEDIA_TYPE, ForeignError, Problem, is_foreign

_REF = "#/components/schemas/{model}"
_PROBLEM, _FOREIGN_ERROR = Problem.__name__, ForeignError.__name__
ERRORS = {
    HTTPStatus.NOT_FOUND: "No such model, version or task",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is in a form that is not read here",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The input has no answer; `errors` says what was expected",
    HTTPStatus.SERVICE_UNAVAILABLE: "The model or the request log is not available now; try again",
}
_INVALID = str(int(HTTPStatus.UNPROCESSABLE_ENTITY))
_OPEN = re.compile(r"/health/.*|/v2/health/.*")


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
    adapters: list[tuple[str, Any, TypeAdapter[Any]]] = [
        (_PROBLEM, "serialization", TypeAdapter(Problem)),
        (_FOREIGN_ERROR, "serialization", TypeAdapter(ForeignError)),
    ]
    for endpoint in endpoints:
        adapters.append((endpoint.path, "validation", TypeAdapter(endpoint.payload)))
        adapters.append((endpoint.path, "serialization", TypeAdapter(endpoint.response)))
    schemas, definitions = TypeAdapter.json_schemas(adapters, ref_template=_REF)
    components = document.setdefault("components", {}).setdefault("schemas", {})
    components.update(definitions["$defs"])
    components.pop("HTTPValidationError", None)
    components.pop("ValidationError", None)
    computing = {
        path: {
            "post": _operation(
                endpoint, path, schemas[endpoint.path, "validation"], schemas[endpoint.path, "serialization"]
            )
        }
        for endpoint in endpoints
        for path in endpoint.routes
    }
    document["paths"] = {**computing, **document["paths"]}
    for path, item in document["paths"].items():
        for operation in item.values():
            operation["responses"] = _responses(path, operation)
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    # A service without keys lets everybody in.
    document["security"] = [{}, {"bearer": []}, {"key": []}]
    return document


def _responses(path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The answers of one operation by status: with those at the door, and with a 422 only where input can be wrong."""
    found = dict(operation["responses"])
    # FastAPI gives every route the application's own.
    invalid = found.pop(_INVALID, None)
    if invalid is not None and ("parameters" in operation or "requestBody" in operation):
        if is_foreign(path):
            found.setdefault("400", foreign_response("A parameter is not what was expected"))
        else:
            found[_INVALID] = invalid
    shape = foreign_response if is_foreign(path) else problem_response
    found["421"] = shape("Asked under a name that is not this service's")
    if not _OPEN.fullmatch(path):
        found |= {
            "401": shape("No valid API key"),
            "403": shape("The key, or the web page that asks, does not cover this"),
            "429": shape("This client has used up its quota"),
        }
    return dict(sorted(found.items()))


def _operation(endpoint: ComputingEndpoint[Any], path: str, request: Any, response: Any) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    parameters += endpoint.headers
    binary = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}} if endpoint.binary else {}
    return {
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "operationId": re.sub(r"\W+", "_", path).strip("_"),
        **({"parameters": parameters} if parameters else {}),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": request, "example": endpoint.example}, **binary},
        },
        "responses": {
            "200": {
                "description": "The answer; its row is committed to the request log",
                "content": {"application/json": {"schema": response}, **binary},
            },
            **{str(int(status)): entry for status, entry in error_responses(path).items()},
        },
    }


def request_body(payload: type[BaseModel], example: dict[str, Any] | None = None) -> dict[str, Any]:
    """The OpenAPI entry of a body that a route reads by itself; one without an example may be left out."""
    content = {"schema": payload.model_json_schema(), **({} if example is None else {"example": example})}
    return {"requestBody": {"content": {"application/json": content}, "required": example is not None}}


def error_responses(path: str, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of the error answers of ``path``, in its protocol's own shape."""
    foreign = is_foreign(path)
    return {
        (400 if foreign and status == 422 else status): (
            foreign_response(ERRORS[status]) if foreign else problem_response(ERRORS[status])
        )
        for status in map(HTTPStatus, statuses or ERRORS)
    }


def no_model() -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of v1 and v2 for a model that is unknown, or known and not served."""
    return {404: foreign_response("No such model or version"), 503: foreign_response("The model is not served")}


def foreign_response(description: str) -> dict[str, Any]:
    """The OpenAPI entry of an error answer of v1 and v2."""
    schema = {"$ref": _REF.format(model=_FOREIGN_ERROR)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def problem_response(description: str) -> dict[str, Any]:
    """The OpenAPI entry of an error answer."""
    schema = {"$ref": _REF.format(model=_PROBLEM)}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}
