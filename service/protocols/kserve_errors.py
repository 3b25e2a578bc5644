"""How v1 and v2 answer errors: ``{"error": "..."}``, and 400 for bad input, as the clients of KServe expect."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

from service import errors
from service.errors import UnrollError
from service.http.errors import LONGEST_TEXT, Failure, PlainShape, in_words

# Words that clients of v1 and v2 look for.
_WORDS: dict[type[UnrollError], str] = {
    errors.UnknownModel: "Request for unknown model: ",
    errors.ModelRejected: "failed to load: ",
    errors.ModelUnavailable: "failed to load: ",
}


@dataclass(frozen=True, slots=True)
class ForeignError:
    """An error answer of v1 and v2."""

    error: str


class _ErrorString(PlainShape):
    record = ForeignError

    def body(self, failure: Failure, status: HTTPStatus, request_id: str) -> bytes:
        words = next((words for cls, words in _WORDS.items() if isinstance(failure.error, cls)), "")
        return orjson.dumps(ForeignError((words + in_words(failure))[:LONGEST_TEXT]))


ERROR_STRING = _ErrorString()
# The OpenAPI entries for a model that is unknown, or known and not served.
NO_MODEL: dict[int | str, dict[str, Any]] = {
    404: ERROR_STRING.entry("No such model or version"),
    503: ERROR_STRING.entry("The model is not served"),
}
