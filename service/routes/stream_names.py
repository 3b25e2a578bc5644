"""Which stream a request is about: its name, and whose it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path
from fastapi.requests import HTTPConnection

from service.errors import InvalidInput, Problem
from service.routes import stream_schemas as schemas
from service.streams.definition import NAME


async def _client(connection: HTTPConnection) -> str:
    """Whose streams are meant: a key's own."""
    return connection.scope["state"].get("client") or ""


async def _name(stream: Annotated[str, Path(pattern=NAME, description="The stream's name")]) -> str:
    if stream == schemas.MANY:
        expected = "another name: /streams/values is the path of many streams"
        raise InvalidInput(f"expected {expected}", code="out_of_range", problems=(Problem("path.stream", expected),))
    return stream


ClientDep = Annotated[str, Depends(_client)]
NameDep = Annotated[str, Depends(_name)]
