"""How errors are answered to TimeGPT's SDK, which shows any JSON as it is: ``{"detail": ...}``, as its own API does.

The client asks again for a minute after 408, 409, 429 and 503: nothing that a client has to mend is answered so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus

import orjson

from service import errors
from service.http.errors import LONGEST_TEXT, ErrorShape, Failure, Refusal, in_words

_NOT_THERE = "that call is not there: fine-tuning is no job, and there is no simulate and no explain"
# Codes of what was too much at once.
_TOO_MUCH = frozenset({"too_long", "too_costly", "deadline_exceeded", errors.BodyTooLarge.code})


@dataclass(frozen=True, slots=True)
class NixtlaError:
    """An error answer; ``detail`` says what was expected."""

    detail: str
    code: str
    request_id: str


class _Detail(ErrorShape):
    record = NixtlaError

    def refusal(self, failure: Failure, request_id: str) -> Refusal:
        if failure.code == "deadline_exceeded":  # it would be too much the next time too
            failure = replace(failure, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        return super().refusal(failure, request_id)

    def body(self, failure: Failure, status: HTTPStatus, request_id: str) -> bytes:
        detail = (_NOT_THERE if failure.code == "unknown_path" else in_words(failure))[:LONGEST_TEXT]
        if failure.code in _TOO_MUCH:
            parts = failure.error.parts if isinstance(failure.error, errors.InvalidInput) else 0
            advice = f"set num_partitions={parts}" if parts else "set num_partitions=N, with a larger N if there is one"
            detail = f"{detail}: {advice}, so that it is asked in parts"
        return orjson.dumps(NixtlaError(detail, failure.code, request_id))


DETAIL = _Detail()
