"""Joins a Ray cluster, or begins one on this machine, for batches and for training. Knows nothing of what they do."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Ray reports to its makers unless it is told not to before it starts.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
import ray
from ray.exceptions import RayError

from service.cores import cores
from service.errors import ClusterUnavailable
from service.printable import printable

_REASON = 500
_REACHED_SECONDS = 10


@contextmanager
def joined(address: str | None, most: int | None) -> Iterator[None]:
    """Within, Ray is the cluster at ``address``; None: one of this machine's cores, or of ``most``, that ends with it.

    Raises:
        ClusterUnavailable: it cannot be reached, or is lost meanwhile.
    """
    begun = not ray.is_initialized()
    try:
        if begun:
            _require_reachable(address)
            _join(address, most)
        yield
    except (RayError, OSError, ValueError) as error:  # the last two of an address that nobody has, or that is none
        raise ClusterUnavailable(f"the Ray cluster: {printable(str(error), _REASON)}") from error
    finally:
        if begun:
            ray.shutdown()


def _join(address: str | None, most: int | None) -> None:
    """Connect; Ray would take the place of whoever listens for signals."""
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    own: dict[str, Any] = {} if address is not None else {"num_cpus": most or cores(), "include_dashboard": False}
    try:
        ray.init(address=address or "local", logging_level="error", log_to_driver=False, **own)
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)


def _require_reachable(address: str | None) -> None:
    """Raise OSError where nobody listens: Ray itself would try for ever."""
    host, colon, port = (address or "").removeprefix("ray://").rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), _REACHED_SECONDS).close()
