"""The end of a listening socket: who waits in its queue is let in, who comes after is refused, nobody is reset."""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time

import pytest

from service import listener as module
from service.listener import listen, turn_newcomers_away

SECONDS = 5


@pytest.mark.skipif(sys.platform != "linux", reason="the system has no filter for it")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_after_newcomers_are_turned_away_the_queue_is_served_and_they_are_refused(host: str) -> None:
    met: list[str] = []
    with listen(host, 0) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]

        def arrive() -> None:
            try:
                socket.create_connection((host, port), timeout=SECONDS).close()
                met.append("connected")
            except OSError as error:
                met.append(type(error).__name__)

        with socket.create_connection((host, port), timeout=SECONDS) as early:
            turn_newcomers_away(listener)
            newcomer = threading.Thread(target=arrive)
            newcomer.start()
            time.sleep(0.2)  # the newcomer has asked by then
            accepted, _ = listener.accept()
            with pytest.raises(BlockingIOError):
                listener.accept()
            listener.close()
            with accepted:
                early.sendall(b"ping")
                assert accepted.recv(4) == b"ping"
                accepted.sendall(b"pong")
            assert early.recv(4) == b"pong"
        newcomer.join()
    assert met == ["ConnectionRefusedError"]


def test_what_is_no_tcp_socket_is_left_alone() -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        turn_newcomers_away(listener)


@pytest.mark.skipif(sys.platform != "linux", reason="the system has no filter for it")
def test_a_system_that_refuses_the_filter_does_not_keep_the_service_from_ending(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_ATTACH_FILTER", 9999)  # an option that no system knows
    with caplog.at_level(logging.INFO), listen("127.0.0.1", 0) as listener:
        turn_newcomers_away(listener)
        with socket.create_connection(listener.getsockname(), timeout=SECONDS):
            listener.accept()[0].close()
    assert "newcomers cannot be turned away" in caplog.text
