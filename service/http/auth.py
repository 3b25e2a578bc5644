"""API keys at the door: which scope a route needs, and whether the caller's key covers it. No key file, no door."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from service.errors import Forbidden, KeysUnavailable, Unauthorized, UnrollError
from service.http.middleware import refuse_request
from service.http.protocol import route_of
from service.keys import Key, KeyFile, Scope

Endpoint = TypeVar("Endpoint")
# The second is where AWS's clients, which sign and know no bearer, send a session's token.
_HEADERS = (b"x-api-key", b"x-amz-security-token")


def needs(scope: Scope | None) -> Callable[[Endpoint], Endpoint]:
    """Marks an endpoint, or an application that is mounted, by what a key must allow to GET or POST it; None: nothing.

    Of others a read takes ``Scope.read``, and whatever changes something ``Scope.admin``.
    """

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.needed = scope  # type: ignore[attr-defined]  # a function takes attributes too
        return endpoint

    return mark


class Access:
    """What the routes of an application need."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._routes = tuple(routes)

    def needed(self, method: str, path: str) -> Scope | None:
        """What a key must allow for that route, None where none is needed; ``path`` is as routes know it."""
        method = "GET" if method == "HEAD" else method
        asked = {"type": "http", "method": method, "path": path}
        default = Scope.read if method == "GET" else Scope.admin
        for route in self._routes:
            if route.matches(asked)[0] is Match.FULL:
                return getattr(getattr(route, "endpoint", None) or getattr(route, "app", None), "needed", default)
        return default

    def has(self, method: str, path: str) -> bool:
        """Whether there is a route for that; ``path`` is as routes know it.

        Of routes that it fits, as /streams/values and /streams/{stream}, those of the path that comes first are meant.
        """
        asked = {"type": "http", "method": "GET" if method == "HEAD" else method, "path": path}
        fits = [route for route in self._routes if route.matches(asked)[0] is not Match.NONE]
        meant = [route for route in fits if getattr(route, "path", None) == getattr(fits[0], "path", None)]
        return any(route.matches(asked)[0] is Match.FULL for route in meant)


def needed(scope: Asgi) -> Scope | None:
    """What a key must allow for a request, None where none is needed."""
    access: Access = scope["app"].state.access
    return access.needed(scope["method"], route_of(scope))


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
            allowed = needed(scope)
            if allowed is None:
                scope["state"]["client"] = self._known(scope["headers"])
            else:
                key = self._authorized(scope["headers"], allowed)
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
        if name in _HEADERS:
            return value.strip()
        if name == b"authorization":
            kind, _, token = value.partition(b" ")
            if kind.lower() == b"bearer":
                return token.strip()
    return None
