"""The listening socket: opened with a clear error, and closed without resetting those who wait in its queue."""

from __future__ import annotations

import ctypes
import logging
import socket
import struct
import sys

from service.errors import SettingsError

BACKLOG = 2048

# Linux's socket(7) and its "BSD Packet Filter" (kernel documentation, networking/filter): drop a segment that has SYN
# but not ACK, keep every other. The 14th byte of a TCP header is its flags (RFC 9293, 3.1).
_ATTACH_FILTER = 26
_LOAD_BYTE, _AND, _JUMP_IF_EQUAL, _RETURN = 0x30, 0x54, 0x15, 0x06
_FLAGS_OFFSET, _SYN, _ACK = 13, 0x02, 0x10
_DROP_SYN = (
    (_LOAD_BYTE, 0, 0, _FLAGS_OFFSET),
    (_AND, 0, 0, _SYN | _ACK),
    (_JUMP_IF_EQUAL, 0, 1, _SYN),
    (_RETURN, 0, 0, 0),
    (_RETURN, 0, 0, 0xFFFFFFFF),
)

log = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """A TCP socket that listens on ``host``, an IPv4 or IPv6 address or a name.

    Raises:
        SettingsError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        raise SettingsError(
            f"cannot listen on {host}, port {port}: {reason}; choose another --host or --port"
        ) from error


def turn_newcomers_away(listener: socket.socket) -> None:
    """Let nobody join the queue any more, in whichever process ``listener`` is open.

    Linux resets connections that are in the queue when the socket closes, and until then it lets clients in: however
    fast the queue is emptied, one can come between the last look and the closing. After this, what is in the queue can
    be accepted, and the socket then closed. A newcomer's system asks again a second later, and is refused or meets
    whoever listens there by then. Where the system has no such filter, or a sandbox refuses it, that moment remains.
    """
    if sys.platform != "linux" or listener.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _DROP_SYN))
    pointer = struct.pack("HP", len(_DROP_SYN), ctypes.addressof(program))
    try:
        listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, pointer)
    except OSError as error:  # what is left to do at the end, as to flush the log, must not depend on it
        log.info("newcomers cannot be turned away before the socket closes: %s", error.strerror)
