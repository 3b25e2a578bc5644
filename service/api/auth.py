"""API keys at the door: which scope a route needs, and whether the caller's key covers it. No key file, no door."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from service.api.middleware import refuse_request
from service.api.protocols import route_of
from service.errors import Forbidden, KeysUnavailable, Unauthorized, UnrollError
from service.keys import Key, KeyFile, Scope

_OPEN = re.compile(r"/|/docs|/docs/.*|/openapi\.json|/static-offline-docs/.*|/page/.*|/health/.*|/v2/health/.*")
_COMPUTING = re.compile(
    r"/predict|/compare|/forecast|/backtest|/inspect|/requests/[^/]+/outcome|/v1/models/.+:predict|/v2/models/.+/infer"
)
# What a client needs to know of models to ask them. The counts of v2's statistics tell of other clients.
_METADATA = re.compile(r"/models(/.*)?|/v1/models(/.*)?|/v2|/v2/models/(?!stats$)(?!.*/stats$).+")


def scope_needed(method: str, path: str) -> Scope | None:
    """What a key must allow for that route, None where none is needed; what is not listed is for admins."""
    if method in ("GET", "HEAD"):
        if _OPEN.fullmatch(path):
            return None
        if path == "/metrics":
            return Scope.metrics
        return Scope.predict if _METADATA.fullmatch(path) else Scope.read
    if method == "POST" and (path == "/v2/repository/index" or _COMPUTING.fullmatch(path)):
        return Scope.predict
    return Scope.admin


class Auth:
    """Lets requests through whose key covers their route; ``scope["state"]`` then names the client.

    ``client`` is the name of the key, also where an open route was asked with one, and ``own_rows_only`` is true where
    it may not touch what others asked.
    """

    def __init__(self, app: ASGIApp, *, keys: KeyFile) -> None:
        self._app, self._keys = app, keys

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            needed = scope_needed(scope["method"], route_of(scope))
            if needed is None:
                scope["state"]["client"] = self._known(scope["headers"])
            else:
                key = self._authorized(scope["headers"], needed)
                scope["state"]["client"] = key.name
                scope["state"]["own_rows_only"] = not key.allows(Scope.admin)
        except UnrollError as error:
            await refuse_request(scope, send, error)
        else:
            await self._app(scope, receive, send)

    def _known(self, headers: list[tuple[bytes, bytes]]) -> str | None:
        """The name of the caller's key where it has one: an open route is answered without, and says less."""
        token = _token(headers)
        try:
            key = self._keys.find(token) if token else None
        except KeysUnavailable:
            return None
        return key.name if key else None

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
