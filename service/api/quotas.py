"""How often one client may ask: by its key, or by its address where keys are off. Added only where a quota is set."""

from __future__ import annotations

import logging
import math
import time

from limits import RateLimitItem, parse_many
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.auth import scope_needed
from service.api.middleware import refuse_request, route_of
from service.errors import QuotaExceeded, QuotasUnavailable, SettingsError, to_install

_REDIS_SECONDS = 2.0  # an answer from Redis takes a fraction of a millisecond

log = logging.getLogger(__name__)


class Counter:
    """Counts the requests of each client in moving windows, in this process or in Redis for all processes."""

    def __init__(self, quota: str, url: str | None) -> None:
        """``quota`` such as ``100/minute`` or ``10/second;5000/day``; ``url`` such as ``redis://host:6379/0``.

        Raises:
            SettingsError: one of the two is not what it should be.
        """
        try:
            self._limits = sorted(parse_many(quota), key=lambda limit: limit.get_expiry())
        except ValueError as error:
            raise SettingsError("the quota is not one: expected 100/minute, or 10/second;5000/day") from error
        self._limiter = MovingWindowRateLimiter(_storage(url))
        self._policy = ", ".join(f"{_name(each)};q={each.amount};w={each.get_expiry()}" for each in self._limits)

    async def count(self, client: str) -> tuple[RateLimitItem | None, dict[str, str]]:
        """The limit that refuses, if any, and the headers that tell how much is left of the tightest one.

        Raises:
            StorageError: Redis cannot be reached.
        """
        tightest, least, wait, refused = self._limits[0], math.inf, 0.0, False
        for limit in self._limits:
            refused = not await self._limiter.hit(limit, client)
            reset, left = await self._limiter.get_window_stats(limit, client)
            if left < least or refused:
                tightest, least, wait = limit, left, max(0.0, reset - time.time())
            if refused:
                break
        seconds = math.ceil(wait)
        headers = {"RateLimit-Policy": self._policy, "RateLimit": f"{_name(tightest)};r={least:.0f};t={seconds}"}
        if refused:
            return tightest, {**headers, "Retry-After": str(max(1, seconds))}
        return None, headers


class Quotas:
    """Refuses a client that has asked as often as it may; tells every other what is left."""

    def __init__(self, app: ASGIApp, *, counter: Counter) -> None:
        self._app, self._counter = app, counter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope_needed(scope["method"], route_of(scope)) is None:
            await self._app(scope, receive, send)
            return
        try:
            refused, headers = await self._counter.count(_client(scope))
        except StorageError as error:
            log.warning("quotas cannot be counted: %s", error.storage_error)
            await refuse_request(scope, send, QuotasUnavailable("the service cannot count requests at the moment"))
            return
        if refused is not None:
            detail = f"more than {refused.amount} requests in {refused.get_expiry()} seconds"
            await refuse_request(scope, send, QuotaExceeded(detail), headers)
            return
        added = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

        async def send_with_quota(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, send_with_quota)


def _name(limit: RateLimitItem) -> str:
    return f'"{limit.multiples}-{limit.GRANULARITY.name}"'


def _storage(url: str | None) -> Storage:
    if url is None:
        storage = storage_from_string("async+memory://")
    else:
        try:
            options = {"socket_timeout": _REDIS_SECONDS, "socket_connect_timeout": _REDIS_SECONDS}
            storage = storage_from_string(f"async+{url}", implementation="redispy", wrap_exceptions=True, **options)
        except ConfigurationError as error:
            raise SettingsError(
                f"the quota URL cannot be used: expected redis://HOST:PORT/0, and the extra: {to_install('redis')}"
            ) from error
    assert isinstance(storage, Storage)  # noqa: S101  # what async+ asks for
    return storage


def _client(scope: Scope) -> str:
    """Who asks: a key's name, or an address; a name cannot be taken for an address."""
    client: str | None = scope["state"].get("client")
    if client is not None:
        return f"key:{client}"
    address: tuple[str, int] | None = scope.get("client")
    return f"address:{address[0] if address else 'unknown'}"
