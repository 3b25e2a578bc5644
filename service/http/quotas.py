"""How often one client may ask: by its key, or by its address where it has none. Added only where a quota is set.

A request counts once when it comes, and once more for each further millisecond of computing that it turns out to ask
for: a batch of 10,000 sequences is not one request.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Network, ip_address

from limits import RateLimitItem, parse_many
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import QuotaExceeded, QuotasUnavailable, SettingsError, UnrollError, to_install
from service.http.auth import needed
from service.http.deps import Counted
from service.http.middleware import refuse_request

_A_REQUEST = 1000.0  # microseconds of computing that count as one
_NO_RIGHT_KEY = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
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
            if not all(limit.amount and limit.multiples for limit in self._limits):
                raise ValueError("it lets nobody ask")  # noqa: TRY301  (as what is no quota)
        except ValueError as error:
            raise SettingsError("the quota is not one: expected 100/minute, or 10/second;5000/day") from error
        self._limiter = MovingWindowRateLimiter(_storage(url))
        self._policy = ", ".join(f"{_name(each)};q={each.amount};w={each.get_expiry()}" for each in self._limits)

    async def count(self, client: str, times: int = 1) -> tuple[RateLimitItem | None, dict[str, str]]:
        """The limit that refuses so many more, if any, and the headers that tell how much is left of the tightest one.

        Raises:
            StorageError: Redis cannot be reached.
        """
        tightest, least, wait, refused = self._limits[0], math.inf, 0.0, False
        for limit in self._limits:
            refused = not await self._limiter.hit(limit, client, cost=times)
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

    async def counted(self, client: str) -> list[Counted]:
        """What ``client`` has asked in each window, the shortest first.

        Raises:
            StorageError: Redis cannot be reached.
        """
        found = []
        for limit in self._limits:
            _, left = await self._limiter.get_window_stats(limit, client)
            found.append(Counted(limit.get_expiry(), limit.amount - int(left), limit.amount))
        return found


class Quotas:
    """Refuses a client that has asked as often as it may; tells every other what is left."""

    def __init__(self, app: ASGIApp, *, counter: Counter) -> None:
        self._app, self._counter = app, counter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or needed(scope) is None:
            await self._app(scope, receive, send)
            return
        told: dict[str, str] = {}  # what is left, as headers
        try:
            await self._count(scope, 1, told)
        except UnrollError as error:
            await refuse_request(scope, send, error, told)
            return

        async def charge(microseconds: float) -> None:
            more = int(microseconds / _A_REQUEST)
            if more:
                await self._count(scope, more, told)

        async def send_with_quota(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.lower().encode(), value.encode()) for name, value in told.items()]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        async def counted() -> list[Counted]:
            with _reachable():
                return await self._counter.counted(_client(scope))

        scope["state"]["charge"] = charge
        scope["state"]["counted"] = counted
        await self._app(scope, receive, send_with_quota)

    async def _count(self, scope: Scope, times: int, told: dict[str, str]) -> None:
        """Count a request so many times more.

        Raises:
            QuotaExceeded: there is not so much left.
            QuotasUnavailable: Redis cannot be reached.
        """
        with _reachable():
            refused, headers = await self._counter.count(_client(scope), times)
        told.update(headers)
        if refused is not None:
            counts = "" if times == 1 else f"; by what it costs this one counts {times + 1} times"
            raise QuotaExceeded(f"more than {refused.amount} requests in {refused.get_expiry()} seconds{counts}")


class Strangers:
    """Counts by address what is refused for want of a right key, and refuses it as too many when it is.

    It stands around the keys. Who has a right key is counted by that alone, so that nobody who shares an address, or a
    proxy, is shut out by somebody who guesses.
    """

    def __init__(self, app: ASGIApp, *, counter: Counter) -> None:
        self._app, self._counter = app, counter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = False

        async def send_counted(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start" and message["status"] in _NO_RIGHT_KEY:
                try:
                    limit, headers = await self._counter.count(f"stranger:{_address(scope)}")
                except StorageError as error:
                    log.warning("quotas cannot be counted: %s", error.storage_error)
                    limit, headers = None, {}  # it is refused anyway
                if limit is not None:
                    answered = True
                    detail = f"more than {limit.amount} requests without a right key in {limit.get_expiry()} seconds"
                    await refuse_request(scope, send, QuotaExceeded(detail), headers)
            if not answered:
                await send(message)

        await self._app(scope, receive, send_counted)


@contextmanager
def _reachable() -> Iterator[None]:
    """Says in this project's words that Redis cannot be reached."""
    try:
        yield
    except StorageError as error:
        log.warning("quotas cannot be counted: %s", error.storage_error)
        raise QuotasUnavailable("the service cannot count requests at the moment") from error


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
    return f"address:{_address(scope)}" if client is None else f"key:{client}"


def _address(scope: Scope) -> str:
    """Where a request comes from; of IPv6 the network of 2^64 addresses that one customer has at the least."""
    client: tuple[str, int] | None = scope.get("client")
    try:
        address = ip_address(client[0] if client else "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or IPv6Network((address, 64), strict=False))
