"""GET / and /page/...: the playground's own files, and uPlot's out of the wheel that carries it.

Nothing is built: the files are sent as they lie in ``service/page``, compressed once, and checked by ETag after
that. Knows nothing of what the page does.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.api.encoding import chosen

_PAGE = Path(__file__).parents[1] / "page"
_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_CARRIED = {"uplot.js": "uplot.iife.min.js", "uplot.css": "uplot.min.css"}
# Scripts, styles and requests from here only; a plot is fetched with the client's key and shown from memory (blob:).
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the page, as it is and compressed."""

    content: bytes
    compressed: bytes
    media_type: str
    etag: str


def carried(name: str) -> Path:
    """Where the wheel that carries uPlot keeps ``name``; the package itself is not imported."""
    spec = find_spec("youplot")
    if spec is None or spec.origin is None:
        raise HTTPException(404)
    return Path(spec.origin).parent / "vendor" / _CARRIED[name]


@cache
def _files() -> dict[str, Path]:
    """What lies in the page's folder by name: no name that a client makes up is looked for on the disk."""
    return {path.name: path for path in _PAGE.iterdir() if path.suffix in _MEDIA_TYPES}


@cache
def asset(name: str) -> Asset:
    """The file ``name``, read once.

    Raises:
        HTTPException: 404, the page has no such file.
    """
    path = carried(name) if name in _CARRIED else _files().get(name)
    if path is None:
        raise HTTPException(404)
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:20]
    return Asset(content, gzip.compress(content, mtime=0), _MEDIA_TYPES[path.suffix], f'W/"{digest}"')


def _send(request: Request) -> Response:
    found = asset(request.path_params.get("name", "index.html"))
    headers = {
        "ETag": found.etag,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
        "Content-Security-Policy": _POLICY,
    }
    if found.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if chosen(request.headers.get("accept-encoding", "").encode("latin-1"), (b"gzip",)):
        return Response(found.compressed, media_type=found.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(found.content, media_type=found.media_type, headers=headers)


# Files for a browser, no part of the API.
routes = [Route(path, _send, include_in_schema=False) for path in ("/", "/page/{name}")]
