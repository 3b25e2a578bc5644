"""Runs the application under uvicorn: signals, drain, exit. Knows processes, not what is served."""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from types import FrameType

import uvicorn

from service import allocator
from service.app import create_app
from service.connection import Connection, ConnectionConfig
from service.errors import SettingsError
from service.keys import KeyFile
from service.lifecycle import Lifecycle
from service.listener import BACKLOG, listen, turn_newcomers_away
from service.request_log.migrate import migrate
from service.settings import Settings
from service.telemetry.logs import configure
from service.telemetry.metrics import shared_between_processes
from service.workers import Workers, ending_signals

# Seconds for requests in flight to end after the sockets have closed, and then for the log to be flushed.
_GRACE_SECONDS = 10
# Of which work that is under way may take so many; what has no answer then is refused, and there is time to say so.
_WORK_SECONDS = 7
# On every answer: none is to be guessed at, framed or embedded by another site, or told where a reader came from; and
# one that a browser shows by itself loads and runs nothing, unless its route has a policy of its own.
_HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'"),
]
_COLLECT_AFTER = 50_000  # new objects, net
# For so long a thread that computes keeps the event loop waiting for the interpreter, several times a request; Python's
# 5 ms would be a tenth of a second beside three such threads.
_SWITCH_SECONDS = 0.001
# Connections that were made just before the sockets closed send their request within this, or not at all.
_LINGER_SECONDS, _LOOK_SECONDS = 1.0, 0.05

log = logging.getLogger("uvicorn.error")


class Server(uvicorn.Server):
    """uvicorn's server with a drain before the sockets close, an honest exit code and a bounded end."""

    def __init__(self, config: ConnectionConfig, *, drain_seconds: float, announce: bool) -> None:
        super().__init__(config)
        self._config = config
        self._lifecycle = config.lifecycle
        self._drain_seconds, self._announce = drain_seconds, announce
        self._close_at = 0.0
        self.exit_code = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        spare_collections()
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._end_with_parent()
        if self._announce and sockets:
            for complaint in self._lifecycle.complaints:
                log.warning("%s", complaint)
            host, port = sockets[0].getsockname()[:2]
            where = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            print(f"Unroll serves {self._lifecycle.serves} on {where} (docs: {where}/docs)", flush=True)

    async def on_tick(self, counter: int) -> bool:
        if self._lifecycle.failure is not None:
            self.exit_code = 1
            self.should_exit = True
        elif self._lifecycle.draining and time.monotonic() >= self._close_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        sockets = sockets or []
        self._lifecycle.end_by(time.monotonic() + _WORK_SECONDS)
        if _ends_alone():
            for listener in sockets:
                turn_newcomers_away(listener)
        await asyncio.sleep(_LOOK_SECONDS)  # a handshake that was under way ends, and its client is let in
        for listener in sockets:
            await self._accept_the_last(listener)
        await self._wait_for_the_last()
        try:
            await asyncio.wait_for(super().shutdown(sockets), 2 * _GRACE_SECONDS)
        except TimeoutError:
            log.error("the request log could not be flushed in time")  # noqa: TRY400  (the trace tells nothing)
            self.exit_code = 1

    async def _accept_the_last(self, listener: socket.socket) -> None:
        """Stop listening, but not before taking the connections that are in the system's queue."""
        loop = asyncio.get_running_loop()
        with listener.dup() as last:
            last.setblocking(False)
            for server in self.servers:
                server.close()
            listener.close()
            taken = []
            with suppress(BlockingIOError):
                while True:
                    taken.append(last.accept()[0])
        for connection in taken:
            await loop.connect_accepted_socket(self._connection, connection)

    async def _wait_for_the_last(self) -> None:
        """A client that was let in but could not yet say anything is not turned away."""
        end = time.monotonic() + _LINGER_SECONDS
        await asyncio.sleep(_LOOK_SECONDS)
        # uvicorn has no event for it.
        while any(getattr(each, "is_new", False) for each in self.server_state.connections) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)

    def _connection(self) -> asyncio.Protocol:
        return Connection(self._config, self.server_state, self.lifespan.state)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain on the first signal; on the second close the sockets at once."""
        if self._lifecycle.draining:
            self.should_exit = True
        else:
            self._close_at = time.monotonic() + self._drain_seconds
            self._lifecycle.drain()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again at the end, and a service that was told to stop and did would look killed.
        before = {each: signal.signal(each, self.handle_exit) for each in ending_signals()}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _end_with_parent(self) -> None:
        """A worker whose parent was killed would keep the port."""
        parent = multiprocessing.parent_process()
        if parent is not None:
            loop = asyncio.get_running_loop()
            loop.add_reader(parent.sentinel, lambda: setattr(self, "should_exit", True))


def serve(settings: Settings) -> None:
    """Serve until a signal ends it, then exit; the log's tables are brought up to date before workers start.

    Raises:
        SettingsError: the settings ask for something that cannot be done.
        LogUnavailable: the request log cannot be reached.
    """
    _require_bounds(settings)
    configure(settings.log_lines)
    with listen(settings.host, settings.port) as listener:
        migrate(settings.database_url, writers=settings.workers)
        if settings.workers == 1:
            sys.exit(_run(settings, listener, announce=True))
        with shared_between_processes():
            sys.exit(Workers(_work, settings, listener, stop_seconds=3 * _GRACE_SECONDS).run())


def _work(settings: Settings, listener: socket.socket, is_first: bool) -> None:
    """What a worker process does."""
    configure(settings.log_lines)
    sys.exit(_run(settings, listener, announce=is_first))


def _ends_alone() -> bool:
    """Whether no parent decides for how long the workers' common socket takes new connections."""
    parent = multiprocessing.parent_process()
    return parent is None or not parent.is_alive()


def _run(settings: Settings, listener: socket.socket, *, announce: bool) -> int:
    allocator.bound()
    server = server_of(settings, announce=announce)
    server.run([listener])
    return server.exit_code


def server_of(settings: Settings, *, announce: bool = False) -> Server:
    """One process's server; ``announce`` is to print its address once it serves."""
    lifecycle = Lifecycle()
    config = ConnectionConfig(
        create_app(settings, lifecycle),
        lifecycle=lifecycle,
        read_timeout=settings.read_timeout,
        ws="none",
        lifespan="on",
        log_config=None,  # the root logger has the form that the settings ask for
        log_level="warning",
        # The request log is the record of requests; a line on the terminal for each would cost more than it tells.
        access_log=False,
        server_header=False,
        headers=_HEADERS,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        backlog=BACKLOG,
    )
    return Server(config, drain_seconds=settings.drain_seconds, announce=announce)


def spare_collections() -> None:
    """Leave what was loaded at start out of garbage collection, and collect less often.

    A long posted list is hundreds of thousands of objects and no cycle; collecting amid its parsing cost three
    quarters of the time, in which nobody else was answered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 10, 10)


def _require_bounds(settings: Settings) -> None:
    """Refuse to serve everybody on a network unless that was asked for, and quotas that would not hold."""
    if settings.quota is not None and settings.quota_url is None and settings.workers > 1:
        raise SettingsError(
            "each of several workers would count a quota of its own: share it with --quota-url redis://HOST:PORT/0, or "
            "start one worker"
        )
    if settings.api_keys_file is not None:
        KeyFile(settings.api_keys_file).load()
    elif not (settings.allow_anonymous or is_loopback(settings.host)):
        raise SettingsError(
            f"without API keys the service does not listen on {settings.host}, where others can reach it. Either make "
            "a key (python -m service key new --name NAME --scope predict --file keys.json) and give --api-keys-file "
            "keys.json; or listen on --host 127.0.0.1; or let everybody in with --allow-anonymous "
            "(UNROLL_ALLOW_ANONYMOUS=true)"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
