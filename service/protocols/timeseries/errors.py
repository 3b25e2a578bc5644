"""How KServe's time series API answers errors: ``{"error": {code, message, param, type}}``, and 400 for bad input."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import orjson

from service.http.errors import LONGEST_TEXT, Failure, PlainShape, in_words


@dataclass(frozen=True, slots=True)
class TimeSeriesFault:
    """`code` is the status, `param` where it is in the request, `type` the stable name of what went wrong."""

    code: str
    message: str
    param: str | None
    type: str


@dataclass(frozen=True, slots=True)
class TimeSeriesError:
    """An error answer."""

    error: TimeSeriesFault


class _Error(PlainShape):
    record = TimeSeriesError

    def body(self, failure: Failure, status: HTTPStatus, request_id: str) -> bytes:
        where = failure.wrong[0].where[:LONGEST_TEXT] if failure.wrong else None
        fault = TimeSeriesFault(str(int(status)), in_words(failure)[:LONGEST_TEXT], where, failure.code)
        return orjson.dumps(TimeSeriesError(fault))


ERROR = _Error()
