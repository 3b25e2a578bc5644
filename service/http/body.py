"""The one place where request bodies are read, capped and validated, as raw bytes.

FastAPI's own body handling costs a third of a request and turns NaN into a 500; here the bytes go straight into a
strict Pydantic model, and whatever is wrong becomes one of this project's own errors that repeats no input.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.types import Receive, Scope

from service.errors import BodyTooLarge, InvalidInput, Problem, UnsupportedMediaType

Payload = TypeVar("Payload", bound=BaseModel)

# Pydantic's error types, in this API's words; every other type is a value of the wrong kind.
_CODES = {
    "json_invalid": "invalid_json",
    "finite_number": "non_finite",
    "extra_forbidden": "unknown_field",
    "missing": "missing_field",
    "too_short": "too_short",
    "too_long": "too_long",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "literal_error": "not_offered",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
}
# Names of the branches of a union, which mean nothing to a client. They stand behind the first part of a
# location only: that is a field, whatever its name.
_BRANCHES = frozenset(
    {*("values", "pairs", "flat", "rows", "steps", "one", "two", "text", "texts"), *("each", "number", "category")}
)
# Fields whose keys are the client's own text, which no answer repeats.
_OF_CLIENTS = frozenset({"known", "past", "static"})
# Where one of these is in a body, a key may be there twice and not be counted: an escape, which may hide a name, or
# names of the client's own.
_HIDING = (b"\\u", *(f'"{each}"'.encode() for each in _OF_CLIENTS))
# What is in a body of 250,000 pairs, each a list, in 10,000 sequences, and a little more. The parser takes hundreds of
# bytes for each list or object, whatever is in it, so that these bound its memory and its time.
_MOST_COMMAS = 550_000
_MOST_LISTS = 270_000
_MOST_OBJECTS = 10_000
_CERTAINLY_FEWER = 64 * 1024  # bytes
# Bodies up to this are parsed on the event loop, for some ten microseconds.
AT_ONCE = 4096
_MICROSECONDS_A_BYTE = 0.02


class Accepted(NamedTuple):
    """The forms in which a protocol takes a body."""

    media_types: frozenset[bytes]
    encodings: tuple[bytes, ...]


# curl -d says that it sends a form whatever it sends, and NVIDIA's client says nothing at all.
JSON_ONLY = Accepted(frozenset({b"application/json", b"application/x-www-form-urlencoded"}), ())


class Disconnected(Exception):  # an event, not an error
    """The client left before its body was complete: nothing was asked, so nothing is answered or recorded."""


async def read_body(
    scope: Scope, receive: Receive, limit: int, accepted: Accepted, arriving: Callable[[int, bool], None]
) -> bytes:
    """The whole request body as it was sent, refused before it is buffered when it is over ``limit`` bytes.

    ``arriving`` is told how many bytes there are by now and whether they are all, and may raise.

    Raises:
        UnsupportedMediaType: a Content-Type or Content-Encoding that is not ``accepted``; none at all always is.
        BodyTooLarge: over the limit, by its Content-Length or by what arrives.
        Disconnected: the client left first.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > limit:
            raise _too_large(limit)
        if name == b"content-type" and value.split(b";", 1)[0].strip().lower() not in accepted.media_types:
            raise UnsupportedMediaType("expected Content-Type: application/json")
        if name == b"content-encoding" and value.strip().lower() not in (b"identity", *accepted.encodings):
            offered = b", ".join(sorted(accepted.encodings)).decode()
            raise UnsupportedMediaType(f"expected {f'one of {offered}, or ' if offered else ''}no Content-Encoding")
    parts: list[bytes] = []
    size, complete = 0, False
    while not complete:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part, complete = message.get("body", b""), not message.get("more_body", False)
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        arriving(size, complete)
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def cost_of(body: bytes) -> float:
    """Microseconds that parsing ``body`` is estimated to take."""
    return _MICROSECONDS_A_BYTE * len(body)


def parse(payload: type[Payload], body: bytes) -> Payload:
    """``body`` as a strict ``payload``.

    Raises:
        InvalidInput: not JSON, or not what the schema says; ``problems`` says where and what was expected.
    """
    if len(body) > _CERTAINLY_FEWER:
        _require_bounds(body)
    try:
        parsed = payload.__pydantic_validator__.validate_json(body)
    except ValidationError as error:
        raise _invalid(error) from None
    # Counting the few names that were given costs next to nothing; only what may be a repeated one is worth a second
    # parse.
    counts = map(body.count, map(_quoted, parsed.model_fields_set))
    if any(map(body.__contains__, _HIDING)) or max(counts, default=0) > 1:
        refuse_repeated_keys(body)
    return parsed  # type: ignore[no-any-return]


@cache  # of the names of fields, never of what a client makes up
def _quoted(name: str) -> bytes:
    return b'"%b"' % name.encode()


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"expected a body of at most {limit} bytes")


def _require_bounds(body: bytes) -> None:
    """Refuse, at the cost of counting a few bytes, what no request may hold and a parser would take long for."""
    bounds = ((b",", _MOST_COMMAS), (b"[", _MOST_LISTS), (b"{", _MOST_OBJECTS))
    if any(body.count(sign) > most for sign, most in bounds):
        expected = "at most 250000 values, or pairs, in all"
        raise InvalidInput(f"expected {expected}", code="too_long", problems=(Problem("body", expected),))


def _invalid(error: ValidationError) -> InvalidInput:
    found = _furthest(error.errors(include_url=False, include_context=False, include_input=False))
    code = _CODES.get(found[0]["type"], "wrong_type")
    problems = tuple(Problem(_place(each["loc"], each["type"]), each["msg"]) for each in found[:10])
    detail = "the body is not valid JSON" if code == "invalid_json" else f"{problems[0].where}: {problems[0].expected}"
    return InvalidInput(detail, code=code, problems=problems)


def _furthest(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """``errors`` without those of the branches of a union that fit the input less far than another one."""
    kept: list[ErrorDetails] = []
    unions: dict[tuple[int | str, ...], dict[int | str, list[ErrorDetails]]] = {}
    for each in errors:
        location = each["loc"]
        at = next((place for place, part in enumerate(location) if place and part in _BRANCHES), None)
        if at is None:
            kept.append(each)
        else:
            unions.setdefault(location[:at], {}).setdefault(location[at], []).append(each)
    for place, branches in unions.items():
        # Of branches that came equally far, max takes the first.
        kept += max(branches.values(), key=partial(_reached, len(place) + 1))
    return kept


def _reached(start: int, errors: list[ErrorDetails]) -> tuple[float, ...]:
    """How far into the list that begins at ``start`` of its location the first error was found; less far if in none."""
    kind, inside = errors[0]["type"], tuple(part for part in errors[0]["loc"][start:] if isinstance(part, int))
    if inside or kind in ("list_type", "string_type"):
        return inside
    return (math.inf,) if kind == "too_long" else (-1.0,)


def _place(location: tuple[int | str, ...], kind: str) -> str:
    """Dotted path; an unknown key is the client's own text and is not repeated."""
    known = location[:-1] if kind == "extra_forbidden" else location
    kept, before = [], None
    for place, part in enumerate(known):
        if not (place and (part in _BRANCHES or before in _OF_CLIENTS)):
            kept.append(str(part))
        before = part
    return ".".join(kept) or "body"


def refuse_repeated_keys(body: bytes) -> None:
    """Refuse a key that is given twice in one object, of which Pydantic would silently take the last."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        if len(set(keys)) != len(keys):
            expected = "each key once"
            raise InvalidInput(
                f"a key is given twice; expected {expected}", code="repeated_key", problems=(Problem("body", expected),)
            )
        return dict(pairs)

    json.loads(body, object_pairs_hook=unique)
