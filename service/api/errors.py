"""The one table from this project's errors to HTTP, and the body they travel in (RFC 9457)."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import orjson

from service import errors
from service.errors import InvalidInput, UnrollError

# Most specific class first; every class of the tree is here or has an ancestor here other than the root.
STATUS: dict[type[UnrollError], HTTPStatus] = {
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnknownModel: HTTPStatus.NOT_FOUND,
    errors.UnknownRequest: HTTPStatus.NOT_FOUND,
    errors.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.ModelRejected: HTTPStatus.CONFLICT,
    errors.ModelUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.LogUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NonFiniteOutput: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.SettingsError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 10
_LONGEST_TEXT = 300
_RETRY_AFTER_SECONDS = "1"


@dataclass(frozen=True, slots=True)
class Where:
    """One thing wrong with the input."""

    where: str
    expected: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An error answer, ``application/problem+json`` (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[Where]


def status_of(error: UnrollError) -> HTTPStatus:
    """The status code of the nearest class in the table."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def headers_of(status: int) -> dict[str, str]:
    """Headers that an error status needs besides its body."""
    return {"Retry-After": _RETRY_AFTER_SECONDS} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}


def problem(status: int, detail: str, code: str, request_id: str, wrong: list[Where] | None = None) -> bytes:
    """The body of an error answer, at most 4 kB; never repeats the input."""
    title = HTTPStatus(status).phrase
    wrong = [] if wrong is None else wrong[:MOST_ERRORS]
    return orjson.dumps(Problem("about:blank", title, int(status), detail[:_LONGEST_TEXT], code, request_id, wrong))


def problem_of(error: UnrollError, request_id: str) -> tuple[HTTPStatus, bytes]:
    """Status and body for one of this project's own errors."""
    status = status_of(error)
    wrong: list[Where] = []
    if isinstance(error, InvalidInput):
        wrong = [Where(each.where[:_LONGEST_TEXT], each.expected[:_LONGEST_TEXT]) for each in error.problems]
    return status, problem(status, error.detail, error.code, request_id, wrong)
