"""What a protocol is, and which one a path belongs to. Knows none of them: the composition root has their list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.types import Scope, Send

from service.errors import UnrollError
from service.http.codec import Codec
from service.http.errors import ErrorShape, Failure, Refusal, failure_of
from service.request_log.rows import identify


@dataclass(frozen=True, slots=True)
class Protocol:
    """Codecs of computing endpoints, other routes, and the shape in which errors are answered.

    It answers for what lies under its ``prefixes`` as far as no longer one is another's, unknown paths included. One
    that is ``tolerant`` lets query parameters pass that it does not know, as its clients expect.
    """

    prefixes: tuple[str, ...]
    errors: ErrorShape
    codecs: tuple[Codec[Any], ...] = ()
    routers: tuple[APIRouter, ...] = ()
    tolerant: bool = True


class Protocols:
    """Those that one application speaks."""

    def __init__(self, protocols: Iterable[Protocol]) -> None:
        self._all = tuple(protocols)
        self.codecs = [codec for protocol in self._all for codec in protocol.codecs]
        by_prefix = {prefix: protocol for protocol in self._all for prefix in protocol.prefixes}
        self._longest_first = sorted(by_prefix.items(), key=lambda each: -len(each[0]))

    def __iter__(self) -> Iterator[Protocol]:
        return iter(self._all)

    def of(self, path: str) -> Protocol:
        """The one that answers for ``path``."""
        return next(
            protocol
            for prefix, protocol in self._longest_first
            if not prefix or (path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/"))
        )


def route_of(scope: Scope) -> str:
    """The path as the application's routes know it: without the prefix that a proxy shows, with that of a mount."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("app_root_path", scope.get("root_path", "")))


def protocol_of(scope: Scope) -> Protocol:
    """The protocol that answers for the path of a request."""
    protocols: Protocols = scope["app"].state.protocols
    return protocols.of(route_of(scope))


def refuse(scope: Scope, error: UnrollError | Failure, request_id: str | None = None) -> Refusal:
    """``error`` in the shape of the protocol that answers for the path of a request."""
    failure = failure_of(error) if isinstance(error, UnrollError) else error
    known = request_id or scope["state"].get("request_id") or identify()[0]
    return protocol_of(scope).errors.refusal(failure, known)


async def send_refusal(send: Send, refusal: Refusal, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """Answer a request with ``refusal``, and ``headers`` besides its own; of two with one name the given one goes."""
    sent = list({**dict(refusal.headers), **dict(headers)}.items())
    await send({"type": "http.response.start", "status": int(refusal.status), "headers": sent})
    await send({"type": "http.response.body", "body": refusal.content})
