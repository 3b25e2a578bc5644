"""Exception handlers of the routes that FastAPI itself serves: every error leaves as problem+json."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from service.api.errors import MEDIA_TYPE, Where, headers_of, problem, problem_of
from service.errors import UnrollError
from service.request_log.rows import identify

logger = logging.getLogger(__name__)

_CODES = {HTTPStatus.NOT_FOUND: "unknown_path", HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed"}


def install(app: FastAPI) -> None:
    """Register the handlers on ``app``."""
    app.add_exception_handler(UnrollError, _own)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _request_id(request: Request) -> str:
    found = request.scope["state"].get("request_id")
    return found if isinstance(found, str) else identify()[0]


def _response(status: int, content: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(content, status, {**headers_of(status), **(headers or {})}, media_type=MEDIA_TYPE)


async def _own(request: Request, error: Exception) -> Response:
    assert isinstance(error, UnrollError)  # noqa: S101  # registered for that class
    return _response(*problem_of(error, _request_id(request)))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for that class
    wrong = [Where(".".join(map(str, each["loc"])), each["msg"]) for each in error.errors()]
    detail = f"{wrong[0].where}: {wrong[0].expected}"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return _response(status, problem(status, detail, "invalid_input", _request_id(request), wrong))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for that class
    status = HTTPStatus(error.status_code)
    code = _CODES.get(status, status.name.lower())
    content = problem(status, status.description or status.phrase, code, _request_id(request))
    return _response(status, content, dict(error.headers or {}))


async def _unexpected(request: Request, error: Exception) -> Response:
    request_id = _request_id(request)
    logger.error("request %s failed", request_id, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "the service failed to answer; the request id is in its log"
    return _response(status, problem(status, detail, "internal", request_id))
