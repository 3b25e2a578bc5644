"""The one table from this project's errors to HTTP, and the shapes in which protocols answer them.

The native API answers ``application/problem+json`` (RFC 9457). Every refusal of every part of the service is built
here, whoever sends it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, ClassVar

import orjson

from service import errors
from service.errors import InvalidInput, StreamConflict, UnrollError

# Most specific class first; every class of the tree is here or has an ancestor here other than the root.
STATUS: dict[type[UnrollError], HTTPStatus] = {
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnknownModel: HTTPStatus.NOT_FOUND,
    errors.UnknownRequest: HTTPStatus.NOT_FOUND,
    errors.UnknownStream: HTTPStatus.NOT_FOUND,
    errors.UnknownJob: HTTPStatus.NOT_FOUND,
    errors.JobEnded: HTTPStatus.CONFLICT,
    errors.JobsFull: HTTPStatus.TOO_MANY_REQUESTS,
    errors.StreamConflict: HTTPStatus.CONFLICT,
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
MOST_ERRORS = 10
LONGEST_TEXT = 300
_MOST_BYTES = 4096
_HEADERS: dict[int, tuple[tuple[bytes, bytes], ...]] = {
    HTTPStatus.UNAUTHORIZED: ((b"www-authenticate", b"Bearer"),),
    HTTPStatus.SERVICE_UNAVAILABLE: ((b"retry-after", b"1"),),
}
_REF = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Where:
    """One thing wrong with the input."""

    where: str
    expected: str


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, in no protocol's words; ``error`` is which of this project's own errors it was, if any."""

    status: HTTPStatus
    detail: str
    code: str
    wrong: tuple[Where, ...] = ()
    error: UnrollError | None = None


UNEXPECTED = Failure(
    HTTPStatus.INTERNAL_SERVER_ERROR, "the service failed to answer; the request id is in its log", "internal"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as it is sent, with all its headers."""

    status: HTTPStatus
    headers: tuple[tuple[bytes, bytes], ...]
    content: bytes


class ErrorShape(ABC):
    """How a protocol answers errors; ``record`` is the schema of the body, by whose name OpenAPI refers to it."""

    media_type: ClassVar[str] = "application/json"
    record: ClassVar[type]

    @abstractmethod
    def body(self, failure: Failure, status: HTTPStatus, request_id: str) -> bytes:
        """What is sent, of bounded size; never repeats the input."""

    def status(self, status: HTTPStatus) -> HTTPStatus:
        """What the protocol says where the native API says ``status``."""
        return status

    def refusal(self, failure: Failure, request_id: str) -> Refusal:
        """``failure`` as it is sent."""
        status = self.status(failure.status)
        content = self.body(failure, status, request_id)
        headers = (
            (b"content-type", self.media_type.encode()),
            (b"content-length", str(len(content)).encode()),
            (b"x-request-id", request_id.encode()),
            *_HEADERS.get(status, ()),
        )
        return Refusal(status, headers, content)

    def entry(self, description: str) -> dict[str, Any]:
        """The OpenAPI entry of an error answer."""
        schema = {"$ref": _REF + self.record.__name__}
        return {"description": description, "content": {self.media_type: {"schema": schema}}}

    def entries(self, *statuses: int) -> dict[int | str, dict[str, Any]]:
        """The OpenAPI entries of those ``statuses``, with the descriptions that most routes have; of all without."""
        return {int(self.status(each)): self.entry(MEANINGS[each]) for each in map(HTTPStatus, statuses or MEANINGS)}


class PlainShape(ErrorShape):
    """Of a protocol that knows no 422: bad input is a 400."""

    def status(self, status: HTTPStatus) -> HTTPStatus:
        return HTTPStatus.BAD_REQUEST if status == HTTPStatus.UNPROCESSABLE_ENTITY else status


def in_words(failure: Failure) -> str:
    """``failure`` in one text, for a protocol that has no place for what was expected where."""
    if failure.error is None or not failure.wrong:
        return failure.detail
    where, expected = failure.wrong[0].where, failure.wrong[0].expected
    if expected not in failure.detail:
        return f"{failure.detail}; {where}: expected {expected}"
    if where not in failure.detail and any(map(str.isdigit, where)):  # which of many series it is
        return f"{where}: {failure.detail}"
    return failure.detail


MEANINGS = {
    HTTPStatus.NOT_FOUND: "No such model, version or task",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is in a form that is not read here",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The input has no answer; `errors` says what was expected",
    HTTPStatus.SERVICE_UNAVAILABLE: "The model or the request log is not available now; try again",
}


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


class _Problems(ErrorShape):
    """At most 4 kB and ten places."""

    media_type = "application/problem+json"
    record = Problem

    def body(self, failure: Failure, status: HTTPStatus, request_id: str) -> bytes:
        wrong = [_short(each) for each in failure.wrong[:MOST_ERRORS]]
        detail = failure.detail[:LONGEST_TEXT]
        found = Problem("about:blank", status.phrase, int(status), detail, failure.code, request_id, wrong)
        while len(content := orjson.dumps(found)) > _MOST_BYTES and found.errors:
            found = replace(found, errors=found.errors[:-1])
        return content


PROBLEMS = _Problems()


def status_of(error: UnrollError) -> HTTPStatus:
    """The status code of the nearest class in the table."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def failure_of(error: UnrollError) -> Failure:
    """One of this project's own errors as HTTP knows it."""
    problems = error.problems if isinstance(error, InvalidInput | StreamConflict) else ()
    wrong = tuple(Where(each.where, each.expected) for each in problems)
    return Failure(status_of(error), error.detail, error.code, wrong, error)


def _short(wrong: Where) -> Where:
    return Where(wrong.where[:LONGEST_TEXT], wrong.expected[:LONGEST_TEXT])
