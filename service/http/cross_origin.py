"""What a browser may do here in its user's name: ask under a Host that is ours, from a page that is ours or named.

Where there are no keys, whoever reaches the port may ask, and a browser reaches it for any page. Two things tell such
a page: the name it asked under (a name that its owner has pointed at this machine is rebinding), and where the browser
says that the request comes from (Sec-Fetch-Site, or Origin where that is absent). Programs send neither of these.
Starlette's TrustedHostMiddleware answers 400 in plain text, and cuts an IPv6 address at its first colon.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Collection
from functools import lru_cache
from ipaddress import ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import Forbidden, MalformedRequest, MisdirectedRequest
from service.http.middleware import refuse_request

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:@/\[\]]+)(?::\d{0,5})?")
_MOST_REMEMBERED = 256  # of Host's values, each at most as long as a request's headers
_SAFE = ("GET", "HEAD")
_OWN_SITE = (None, b"same-origin", b"none")  # none: typed, or from a bookmark
_EMBEDDED = (b"no-cors", b"cors")  # as an image, a script, by fetch; what is followed as a link is b"navigate"


class AllowedHosts:
    """The names under which a service on the address ``bound`` is asked, at any port: it, this machine, ``named``.

    One that listens on all addresses of its machine is asked under each of them, and under those that are translated
    to them: an address, unlike a name, leads a browser nowhere else.
    """

    def __init__(self, bound: str, named: Collection[str] = ()) -> None:
        self._names = {_normal(name) for name in ("localhost", "127.0.0.1", "::1", bound, *named)}
        self._any_address = _normal(bound) in ("", "0.0.0.0", "::")  # noqa: S104  # compared, not bound
        self.allow = lru_cache(_MOST_REMEMBERED)(self._allow)

    def _allow(self, host: bytes) -> bool:
        found = _HOST.fullmatch(host.decode("latin-1"))
        if found is None:
            return False
        name = _normal(found[1])
        return name in self._names or (self._any_address and _is_address(name))


def _normal(host: str) -> str:
    """An address in its shortest form, a name in lower case."""
    bare = host.strip("[]").lower()
    return ip_address(bare).compressed if _is_address(bare) else bare


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class CrossOrigin:
    """Lets in requests with exactly one Host header that ``hosts`` allow, from pages of this origin or ``origins``.

    None for either looks at that no more. HTTP/1.0 may leave the Host out, which no browser does. Of what other pages
    ask only a link to here is answered: what they embed, as an image say, would tell them what is here.
    """

    def __init__(self, app: ASGIApp, *, hosts: AllowedHosts | None, origins: Collection[str] | None) -> None:
        self._app, self._hosts = app, hosts
        self._looks_at_origin = origins is not None and "*" not in origins
        self._origins = frozenset(origin.encode() for origin in origins or ())

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            host = headers.get(b"host")
            if (host is None and scope["http_version"] != "1.0") or (
                len(headers) < len(scope["headers"]) and sum(name == b"host" for name, _ in scope["headers"]) > 1
            ):
                return refuse_request(scope, send, _NOT_ONE_HOST)
            if self._hosts is not None and host is not None and not self._hosts.allow(host):
                return refuse_request(scope, send, _MISDIRECTED)
            if (
                self._looks_at_origin
                and (b"sec-fetch-site" in headers or b"origin" in headers)
                and not self._allows(scope["method"], headers)
            ):
                return refuse_request(scope, send, _CROSS_ORIGIN)
        return self._app(scope, receive, send)

    def _allows(self, method: str, headers: dict[bytes, bytes]) -> bool:
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
        if origin in self._origins:
            return True
        if method in _SAFE:
            return site in _OWN_SITE or headers.get(b"sec-fetch-mode") not in _EMBEDDED
        if site is not None:  # no page can forge it, and it holds behind a proxy that changes the Host
            return site in _OWN_SITE
        return origin is None or origin.partition(b"://")[2] == headers.get(b"host")


_NOT_ONE_HOST = MalformedRequest("expected exactly one Host header")
_MISDIRECTED = MisdirectedRequest(
    "this service is not asked under that Host: expected its own address, localhost, or a name that --allowed-hosts "
    "(UNROLL_ALLOWED_HOSTS) gives"
)
_CROSS_ORIGIN = Forbidden(
    "a web page of another origin asks this; only those that --cors-origins (UNROLL_CORS_ORIGINS) names may",
    code="cross_origin",
)
