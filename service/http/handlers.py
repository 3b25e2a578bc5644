"""Exception handlers of the routes that FastAPI itself serves: every error leaves in its protocol's own shape."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from service.errors import UnrollError
from service.http.auth import Access
from service.http.body import Disconnected
from service.http.errors import UNEXPECTED, Failure, Where
from service.http.protocol import refuse, route_of

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


def _response(request: Request, error: UnrollError | Failure, headers: Mapping[str, str] | None = None) -> Response:
    refusal = refuse(request.scope, error)
    told = {name.decode(): value.decode() for name, value in refusal.headers}
    return Response(refusal.content, refusal.status, {**told, **(headers or {})})


def _allowed(request: Request) -> str:
    """The methods that this path has a route for; Starlette names those of the first route only."""
    access: Access = request.app.state.access
    return ", ".join(method for method in _METHODS if access.has(method, route_of(request.scope)))


async def _own(request: Request, error: Exception) -> Response:
    assert isinstance(error, UnrollError)  # noqa: S101  # registered for that class
    return _response(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for that class
    wrong = tuple(Where(".".join(map(str, each["loc"])), each["msg"]) for each in error.errors())
    detail = f"{wrong[0].where}: {wrong[0].expected}"
    return _response(request, Failure(HTTPStatus.UNPROCESSABLE_ENTITY, detail, "invalid_input", wrong))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for that class
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request)
    code = _CODES.get(status, status.name.lower())
    return _response(request, Failure(status, status.description or status.phrase, code), headers)


async def _left(request: Request, error: Exception) -> Response:
    """Something must be given back, and nobody is there to read it."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _unexpected(request: Request, error: Exception) -> Response:
    # Starlette answers this one outside all middleware and raises it again; then uvicorn closes the connection, which
    # its client should know.
    response = _response(request, UNEXPECTED, {"Connection": "close"})
    request_id = response.headers["x-request-id"]
    logger.error("request %s failed", request_id, exc_info=error, extra={"request_id": request_id})
    return response
