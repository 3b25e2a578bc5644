"""GET / and /page/...: the playground's own files, and uPlot's out of the wheel that carries it.

Nothing is built: the files are sent as they lie in ``service/page``, and checked by ETag after that. Knows nothing of
what the page does.
"""

from __future__ import annotations

import os
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from service.http.auth import needs
from service.http.encoding import encoded

# Scripts, styles and requests from here only; a plot is fetched with the client's key and shown from memory (blob:).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class _Files(StaticFiles):
    """Starlette's, in the encoding that the client likes best, and asked for again only when they have changed."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        found = super().file_response(full_path, stat_result, scope, status_code)
        etag = f"W/{found.headers['etag'].removeprefix('W/')}"  # of the file, in whatever encoding it is sent
        if isinstance(found, FileResponse):
            accept = dict(scope["headers"]).get(b"accept-encoding")
            content, headers = encoded(accept, Path(full_path).read_bytes(), ())
            told = {name.decode(): value.decode() for name, value in headers}
            found = Response(content, status_code, {"content-type": found.headers["content-type"], **told})
        found.headers.update(
            {"cache-control": "no-cache", "content-security-policy": POLICY, "etag": etag, "vary": "accept-encoding"}
        )
        return found


files = needs(None)(_Files(directory=Path(__file__).parents[1] / "page", packages=[("youplot", "vendor")]))


@needs(None)
async def _index(request: Request) -> Response:
    return await files.get_response("index.html", request.scope)


# Files for a browser, no part of the API.
routes = [Route("/", _index, include_in_schema=False), Mount("/page", files)]
