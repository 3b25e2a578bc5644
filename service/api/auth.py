"""API keys at the door: which scope a route needs, and whether the caller's key covers it. No key file, no door."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from service.api.middleware import refuse_request, route_of
from service.errors import Forbidden, Unauthorized, UnrollError
from service.keys import Key, KeyFile, Scope

_OPEN = re.compile(r"/|/docs|/docs/.*|/openapi\.json|/static-offline-docs/.*|/page/.*|/health/.*|/v2/health/.*")
_COMPUTING = re.compile(
    r"/predict|/compare|/forecast|/backtest|/inspect|/requests/[^/]+/outcome|/v1/models/.+:predict|/v2/models/.+/infer"
)


def scope_needed(method: str, path: str) -> Scope | None:
    """What a key must allow for that route, None where none is needed; what is not listed is for admins."""
    if method in ("GET", "HEAD"):
        return None if _OPEN.fullmatch(path) else Scope.read
    if method == "POST" and path == "/v2/repository/index":
        return Scope.read
    if method == "POST" and _COMPUTING.fullmatch(path):
        return Scope.predict
    return Scope.admin


class Auth:
    """Lets requests through whose key covers their route; ``scope["state"]`` then names the client.

    ``client`` is the name of the key, and ``own_rows_only`` is true where it may not see what others asked.
    """

    def __init__(self, app: ASGIApp, *, keys: KeyFile) -> None:
        self._app, self._keys = app, keys

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            needed = scope_needed(scope["method"], route_of(scope))
            if needed is not None:
                key = self._authorized(scope["headers"], needed)
                scope["state"]["client"] = key.name
                scope["state"]["own_rows_only"] = not key.allows(Scope.read)
        except UnrollError as error:
            await refuse_request(scope, send, error)
        else:
            await self._app(scope, receive, send)

    def _authorized(self, headers: list[tuple[bytes, bytes]], needed: Scope) -> Key:
        token = _token(headers)
        if token is None:
            raise Unauthorized("this service needs an API key: Authorization: Bearer KEY, or X-API-Key: KEY")
        key = self._keys.find(token)
        if key is None:
            raise Unauthorized("that API key is not known here, or was revoked")
        if not key.allows(needed):
            raise Forbidden(f"this route needs a key of scope {needed.name}, and yours has {key.scope}")
        return key


def _token(headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """The key as bytes, whatever bytes they are."""
    for name, value in headers:
        if name == b"x-api-key":
            return value.strip()
        if name == b"authorization":
            kind, _, token = value.partition(b" ")
            if kind.lower() == b"bearer":
                return token.strip()
    return None
