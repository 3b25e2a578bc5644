"""Pure ASGI middleware: headers that answers have in common, the straight way to busy paths, and how to refuse."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import UnrollError
from service.http.protocol import refuse, route_of, send_refusal
from service.request_log.rows import identify

_HEADER = b"x-request-id"


async def refuse_request(
    scope: Scope, send: Send, error: UnrollError, headers: Mapping[str, str] | None = None
) -> None:
    """Answer ``error``, in the shape of the protocol that the path belongs to, with ``headers`` besides its own."""
    encoded = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    await send_refusal(send, refuse(scope, error), encoded)


class Prefixed:
    """Serves under a path prefix, whether or not the proxy in front takes it away."""

    def __init__(self, app: ASGIApp, *, root_path: str) -> None:
        self._app, self._root_path = app, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            within = path if path.startswith(f"{self._root_path}/") else self._root_path + path
            scope = {**scope, "path": within, "root_path": self._root_path}
        await self._app(scope, receive, send)


class Head:
    """Answers HEAD as GET is answered, without the body; of an answer in parts only the first is made."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        ended = False

        async def send_head(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
            elif not ended:
                ended = True  # whoever streams is told that the client has left
                await send({"type": "http.response.body"})

        await self._app({**scope, "method": "GET"}, receive, send_head)


class ContentPolicy:
    """Gives the answers of ``policies``' paths their Content-Security-Policy; the server's own allows nothing."""

    def __init__(self, app: ASGIApp, *, policies: Mapping[str, str]) -> None:
        self._app = app
        self._policies = policies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        policy = self._policies.get(route_of(scope)) if scope["type"] == "http" else None

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start" and policy is not None:
                message["headers"] = [*message["headers"], (b"content-security-policy", policy.encode())]
            await send(message)

        await self._app(scope, receive, send if policy is None else send_with_policy)


class RequestId:
    """Names each request in ``scope["state"]["request_id"]`` and in the answer's header, where that has no name yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, _ = identify()
        scope["state"]["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start" and not any(name == _HEADER for name, _ in message["headers"]):
                message["headers"] = [*message["headers"], (_HEADER, request_id.encode())]
            await send(message)

        await self._app(scope, receive, send_with_id)


class Straight:
    """Takes a POST to one of ``endpoints`` there past the router, which costs as much as reading its body.

    Everything else, and the same paths under a root path, goes the ordinary way to the same endpoints.
    """

    def __init__(self, app: ASGIApp, *, endpoints: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if endpoint is not None:
            scope["path_params"] = {}
        await (endpoint or self._app)(scope, receive, send)
