"""Settings that list hosts, origins or proxies with commas between: what each entry must look like, told at the start.

One that could never match, such as an origin with a slash at its end, would look like a service that ignores it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_NAME = r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?"
_BRACKETED = r"\[[0-9a-f:.]+\]"
_HOST = re.compile(f"{_NAME}|{_BRACKETED}", re.IGNORECASE)
# A browser writes an origin in lower case and without its scheme's own port (RFC 6454, 6.2).
_ORIGIN = re.compile(rf"([a-z][a-z0-9+.-]*)://(?:{_NAME}|{_BRACKETED})(:[0-9]+)?")
_OWN_PORTS = {"http": ":80", "https": ":443"}


def listed(text: str) -> list[str]:
    """The entries of ``text`` between its commas."""
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _host(entry: str) -> str | None:
    if _HOST.fullmatch(entry) or _is(ip_address, entry):
        return None
    return "expected names or addresses without scheme, port and path, such as unroll.example.org"


def _origin(entry: str) -> str | None:
    found = _ORIGIN.fullmatch(entry)
    if found and found[2] != _OWN_PORTS.get(found[1], ""):
        return None
    return (
        "expected origins as browsers write them, scheme://host in lower case, with :port unless it is the scheme's "
        "own, and with no slash or path after it, such as https://example.org, or * for any"
    )


def _proxy(entry: str) -> str | None:
    if _is(ip_network, entry):
        return None
    if "/" in entry and _is(lambda text: ip_network(text, strict=False), entry):
        return f"expected a network without the bits of a host, so {ip_network(entry, strict=False)}"
    return "expected addresses or networks, such as 10.0.0.7 or 10.0.0.0/8 (names are not looked up), or * for any"


def _is(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _each(problem: Callable[[str], str | None], *, or_any: bool) -> AfterValidator:
    def check(text: str) -> str:
        entries = listed(text)
        for entry in entries if not (or_any and entries == ["*"]) else ():
            if (expected := problem(entry)) is not None:
                raise PydanticCustomError("entry", "{expected}; got {entry}", {"expected": expected, "entry": entry})
        return ",".join(entries)

    return AfterValidator(check)


Hosts = Annotated[str, _each(_host, or_any=False)]
Origins = Annotated[str, _each(_origin, or_any=True)]
Proxies = Annotated[str, _each(_proxy, or_any=True)]
