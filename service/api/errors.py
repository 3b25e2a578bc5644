"""The one table from this project's errors to HTTP, and the bodies they travel in.

The native API answers ``application/problem+json`` (RFC 9457); ``/v1`` and ``/v2`` answer ``{"error": "..."}``, with
400 for bad input, as the clients of those protocols expect.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus

import orjson

from service import errors
from service.errors import InvalidInput, UnrollError

# Most specific class first; every class of the tree is here or has an ancestor here other than the root.
STATUS: dict[type[UnrollError], HTTPStatus] = {
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnknownModel: HTTPStatus.NOT_FOUND,
    errors.UnknownRequest: HTTPStatus.NOT_FOUND,
    errors.Unauthorized: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.KeysUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.QuotaExceeded: HTTPStatus.TOO_MANY_REQUESTS,
    errors.QuotasUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Overloaded: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.MalformedRequest: HTTPStatus.BAD_REQUEST,
    errors.MisdirectedRequest: HTTPStatus.MISDIRECTED_REQUEST,
    errors.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.ModelRejected: HTTPStatus.CONFLICT,
    errors.ModelUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NotRecorded: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.OutcomeConflict: HTTPStatus.CONFLICT,
    errors.LogUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NonFiniteOutput: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.SettingsError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 10
_JSON = "application/json"
_LONGEST_TEXT = 300
_MOST_BYTES = 4096
_HEADERS: dict[int, dict[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "1"},
}
_FOREIGN = ("/v1", "/v2")
# Words that clients of v1 and v2 look for.
_FOREIGN_WORDS: dict[type[UnrollError], str] = {
    errors.UnknownModel: "Request for unknown model: ",
    errors.ModelRejected: "failed to load: ",
    errors.ModelUnavailable: "failed to load: ",
}


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


@dataclass(frozen=True, slots=True)
class ForeignError:
    """An error answer of v1 and v2."""

    error: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as it is sent."""

    status: HTTPStatus
    media_type: str
    content: bytes

    @property
    def headers(self) -> dict[str, str]:
        """What belongs to the answer besides its type and length."""
        return headers_of(self.status)


def status_of(error: UnrollError) -> HTTPStatus:
    """The status code of the nearest class in the table."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def headers_of(status: int) -> dict[str, str]:
    """Headers that an error status needs besides its body."""
    return _HEADERS.get(status, {})


def problem(status: int, detail: str, code: str, request_id: str, wrong: list[Where] | None = None) -> bytes:
    """The body of an error answer, at most 4 kB; never repeats the input."""
    title = HTTPStatus(status).phrase
    wrong = [] if wrong is None else wrong[:MOST_ERRORS]
    found = Problem("about:blank", title, int(status), detail[:_LONGEST_TEXT], code, request_id, wrong)
    while len(content := orjson.dumps(found)) > _MOST_BYTES and found.errors:
        found = replace(found, errors=found.errors[:-1])
    return content


def problem_of(error: UnrollError, request_id: str) -> tuple[HTTPStatus, bytes]:
    """Status and body for one of this project's own errors."""
    status = status_of(error)
    wrong: list[Where] = []
    if isinstance(error, InvalidInput):
        wrong = [Where(each.where[:_LONGEST_TEXT], each.expected[:_LONGEST_TEXT]) for each in error.problems]
    return status, problem(status, error.detail, error.code, request_id, wrong)


def is_foreign(path: str) -> bool:
    """Whether ``path`` belongs to a protocol with an error shape of its own."""
    return path.startswith(_FOREIGN) and path[3:4] in ("", "/")


def refuse(path: str, error: UnrollError, request_id: str) -> Refusal:
    """One of this project's own errors, in the shape of the protocol that ``path`` belongs to."""
    if not is_foreign(path):
        status, content = problem_of(error, request_id)
        return Refusal(status, MEDIA_TYPE, content)
    detail = error.detail
    if isinstance(error, InvalidInput) and error.problems and error.problems[0].expected not in detail:
        detail = f"{detail}; {error.problems[0].where}: expected {error.problems[0].expected}"
    words = next((words for cls, words in _FOREIGN_WORDS.items() if isinstance(error, cls)), "")
    return _foreign(status_of(error), words + detail)


def refuse_as(
    path: str, status: int, detail: str, code: str, request_id: str, wrong: list[Where] | None = None
) -> Refusal:
    """An error that is none of this project's own, in the shape of the protocol that ``path`` belongs to."""
    if is_foreign(path):
        return _foreign(HTTPStatus(status), detail)
    return Refusal(HTTPStatus(status), MEDIA_TYPE, problem(status, detail, code, request_id, wrong))


def _foreign(status: HTTPStatus, detail: str) -> Refusal:
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        status = HTTPStatus.BAD_REQUEST
    return Refusal(status, _JSON, orjson.dumps(ForeignError(detail[:_LONGEST_TEXT])))
