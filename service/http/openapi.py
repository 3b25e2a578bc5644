"""The OpenAPI document: FastAPI's own routes, and the computing endpoints from the schemas their codecs use."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter

from service.http.auth import Access
from service.http.codec import Codec
from service.http.errors import ErrorShape
from service.http.protocol import Protocols

_REF = "#/components/schemas/{model}"
PARAMETER = "A parameter is not what was expected"
_INVALID = str(int(HTTPStatus.UNPROCESSABLE_ENTITY))


def install(app: FastAPI, protocols: Protocols) -> None:
    """Make ``app.openapi`` describe all that ``protocols`` have; the document is built when first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, protocols)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend the schema


def _document(app: FastAPI, protocols: Protocols) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes
    )
    adapters: list[tuple[str, Any, TypeAdapter[Any]]] = [
        (record.__name__, "serialization", TypeAdapter(record))
        for record in dict.fromkeys(protocol.errors.record for protocol in protocols)
    ]
    for codec in protocols.codecs:
        adapters.append((codec.path, "validation", TypeAdapter(codec.payload)))
        adapters.append((codec.path, "serialization", TypeAdapter(codec.response)))
    schemas, definitions = TypeAdapter.json_schemas(adapters, ref_template=_REF)
    components = document.setdefault("components", {}).setdefault("schemas", {})
    components.update(definitions["$defs"])
    for item in document["paths"].values():
        for operation in item.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                components.update(content["schema"].pop("$defs", {}))
    components.pop("HTTPValidationError", None)
    components.pop("ValidationError", None)
    computing = {
        path: {
            "post": _operation(
                codec,
                path,
                schemas[codec.path, "validation"],
                schemas[codec.path, "serialization"],
                protocols.of(path).errors,
            )
        }
        for codec in protocols.codecs
        for path in codec.routes
    }
    document["paths"] = {**computing, **document["paths"]}
    access: Access = app.state.access
    for path, item in document["paths"].items():
        for method, operation in item.items():
            is_open = access.needed(method.upper(), path) is None
            operation["responses"] = _responses(operation, protocols.of(path).errors, is_open)
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    # A service without keys lets everybody in.
    document["security"] = [{}, {"bearer": []}, {"key": []}]
    return document


def _responses(operation: dict[str, Any], errors: ErrorShape, is_open: bool) -> dict[str, Any]:
    """The answers of one operation by status: with those at the door, and with a 422 only where input can be wrong."""
    found = dict(operation["responses"])
    # FastAPI gives every route the application's own.
    invalid = found.pop(_INVALID, None)
    if invalid is not None and ("parameters" in operation or "requestBody" in operation):
        own = errors.entry(PARAMETER)
        status = str(int(errors.status(HTTPStatus.UNPROCESSABLE_ENTITY)))
        found.setdefault(status, invalid if invalid["content"] == own["content"] else own)
    found["421"] = errors.entry("Asked under a name that is not this service's")
    if not is_open:
        found |= {
            "401": errors.entry("No valid API key"),
            "403": errors.entry("The key, or the web page that asks, does not cover this"),
            "429": errors.entry("This client has used up its quota"),
        }
    return dict(sorted(found.items()))


def _operation(codec: Codec[Any], path: str, request: Any, response: Any, errors: ErrorShape) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    parameters += codec.headers
    binary = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}} if codec.binary else {}
    return {
        "tags": [codec.tag],
        "summary": codec.summary,
        "operationId": re.sub(r"\W+", "_", path).strip("_"),
        **({"parameters": parameters} if parameters else {}),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": request, "example": codec.example}, **binary},
        },
        "responses": {
            "200": {
                "description": "The answer; its row is committed to the request log",
                "content": {"application/json": {"schema": response}, **binary},
            },
            **{str(int(status)): entry for status, entry in errors.entries().items()},
        },
    }


def request_body(
    payload: type[BaseModel], example: dict[str, Any] | None = None, *, required: bool = True
) -> dict[str, Any]:
    """The OpenAPI entry of a body that a route reads by itself; one without an example may always be left out."""
    schema = payload.model_json_schema(ref_template=_REF)
    content = {"schema": schema, **({} if example is None else {"example": example})}
    return {"requestBody": {"content": {"application/json": content}, "required": required and example is not None}}
