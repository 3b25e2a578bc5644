"""What a request of an ordinary route may compute: charged, and off the event loop where it is much."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request

from service.http.admission import INLINE
from service.http.deps import services_of
from service.http.leaving import cancelled_with
from service.inference.cancellation import Cancellation
from service.inference.price import Price

T = TypeVar("T")

_A_VALUE = 1000.0  # microseconds that one more value counts for in a quota, as one more request does


class Work:
    """The work of one request, which counts once however often it is done."""

    def __init__(self, request: Request) -> None:
        self._request, self._services = request, services_of(request.scope)
        self._charged = False

    async def __call__(self, work: Callable[[], T], price: Price) -> T:
        """What ``work`` gives, which costs ``price`` for so many values.

        Raises:
            InvalidInput: it costs more than a request may.
            QuotaExceeded: its client has less left.
            Overloaded: there is no room for it.
        """
        settings, admission = self._services.settings, self._services.admission
        price.require(settings.work_limit * 1e6)
        charge = self._request.scope["state"].get("charge")
        if charge is not None and not self._charged:
            self._charged = True
            await charge(max(price.microseconds, _A_VALUE * (price.values - 1)))
        if price.microseconds <= INLINE:
            return work()
        cancellation = Cancellation(settings.work_timeout)
        async with cancelled_with(self._request.receive, cancellation):
            return await admission.in_thread(work, price.microseconds, cancellation)
