"""Exception handlers of the routes that FastAPI itself serves: every error leaves in its protocol's own shape."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from service.api.body import Disconnected
from service.api.errors import Refusal, Where, refuse, refuse_as
from service.errors import UnrollError
from service.request_log.rows import identify

logger = logging.getLogger(__name__)

_CODES = {
    HTTPStatus.NOT_FOUND: "unknown_path",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
}

_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


def install(app: FastAPI) -> None:
    """Register the handlers on ``app``."""
    app.add_exception_handler(UnrollError, _own)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Disconnected, _left)
    app.add_exception_handler(Exception, _unexpected)


def _request_id(request: Request) -> str:
    found = request.scope["state"].get("request_id")
    return found if isinstance(found, str) else identify()[0]


def _path(request: Request) -> str:
    path: str = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return path


def _response(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        refusal.content, refusal.status, {**refusal.headers, **(headers or {})}, media_type=refusal.media_type
    )


def _allowed(request: Request) -> str:
    """The methods that this path has a route for; Starlette names those of the first route only."""
    asked = [{**request.scope, "method": "GET" if method == "HEAD" else method} for method in _METHODS]
    found = [any(route.matches(scope)[0] is Match.FULL for route in request.app.routes) for scope in asked]
    return ", ".join(method for method, allowed in zip(_METHODS, found, strict=True) if allowed)


async def _own(request: Request, error: Exception) -> Response:
    assert isinstance(error, UnrollError)  # noqa: S101  # registered for that class
    return _response(refuse(_path(request), error, _request_id(request)))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for that class
    wrong = [Where(".".join(map(str, each["loc"])), each["msg"]) for each in error.errors()]
    detail = f"{wrong[0].where}: {wrong[0].expected}"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return _response(refuse_as(_path(request), status, detail, "invalid_input", _request_id(request), wrong))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for that class
    status = HTTPStatus(error.status_code)
    code = _CODES.get(status, status.name.lower())
    detail = status.description or status.phrase
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request)
    return _response(refuse_as(_path(request), status, detail, code, _request_id(request)), headers)


async def _left(request: Request, error: Exception) -> Response:
    """Something must be given back, and nobody is there to read it."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _unexpected(request: Request, error: Exception) -> Response:
    request_id = _request_id(request)
    logger.error("request %s failed", request_id, exc_info=error, extra={"request_id": request_id})
    detail = "the service failed to answer; the request id is in its log"
    refusal = refuse_as(_path(request), HTTPStatus.INTERNAL_SERVER_ERROR, detail, "internal", request_id)
    # Starlette answers this one outside all middleware, which would have named it, and raises it again; then uvicorn
    # closes the connection, which its client should know.
    return _response(refusal, {"X-Request-ID": request_id, "Connection": "close"})
