"""Query parameters: names that a route does not know, names given twice, and times as people type them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import AwareDatetime, BeforeValidator

from service.errors import InvalidInput, Problem
from service.http.protocol import protocol_of

# What a number does not begin with, not even 1e-9.
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
# A time, and an offset whose + was not encoded and came as a blank.
_UNENCODED_OFFSET = re.compile(r"(\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?) (\d\d:?\d\d)")


def _written_out(time: Any) -> Any:
    if isinstance(time, str):
        if not _DATE.match(time):
            raise ValueError("expected a date with a time and its UTC offset")
        return _UNENCODED_OFFSET.sub(r"\1+\2", time)
    return time


# Pydantic would also take a bare number for seconds or milliseconds since the epoch.
QueryTime = Annotated[AwareDatetime, BeforeValidator(_written_out)]


async def refuse_unknown(request: Request) -> None:
    """Refuse a parameter that the route does not have: a misspelt filter would filter nothing.

    A protocol that is tolerant lets unknown ones pass.
    """
    scope, route = request.scope, request.scope["route"]
    if scope["query_string"] and route.include_in_schema and not protocol_of(scope).tolerant:
        refuse_others(scope["query_string"], _names(route.dependant))


def _names(dependant: Dependant) -> list[str]:
    """The query parameters of a route, its own first and then those of what it depends on."""
    inner = [name for each in dependant.dependencies for name in _names(each)]
    return [each.alias for each in dependant.query_params] + inner


def refuse_others(query: bytes, known: Collection[str]) -> None:
    """Refuse ``query`` where it names something that is not ``known``, or a name twice; repeats no name of it.

    Raises:
        InvalidInput: says which names are known.
    """
    names = Counter(name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    if not names.keys() <= set(known):
        expected = f"only {', '.join(known)}" if known else "no query parameters"
        raise InvalidInput(
            f"unknown query parameter; expected {expected}",
            code="unknown_parameter",
            problems=(Problem("query", expected),),
        )
    repeated = [name for name, times in names.items() if times > 1]
    if repeated:
        expected = "each query parameter once"
        raise InvalidInput(
            f"{repeated[0]} is given twice; expected {expected}",
            code="repeated_parameter",
            problems=(Problem(f"query.{repeated[0]}", expected),),
        )
