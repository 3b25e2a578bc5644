"""Runs the application under uvicorn. Knows processes and sockets, not what is served."""

from __future__ import annotations

import os
from typing import Any

import uvicorn

from service.app import create_app
from service.request_log.migrate import migrate
from service.settings import Settings

# Time for requests in flight to end after a signal; uvicorn would wait for ever.
_GRACE_SECONDS = 10


def serve(settings: Settings) -> None:
    """Serve until a signal ends it; the parent brings the request log's tables up to date before workers start."""
    migrate(settings.database_url, writers=settings.workers)
    if settings.workers == 1:
        uvicorn.run(create_app(settings), **_options(settings))
        return
    # Worker processes build the application anew, from the environment.
    for name, value in settings.model_dump(mode="json").items():
        os.environ[f"UNROLL_{name.upper()}"] = str(value)
    uvicorn.run("service.app:from_environment", factory=True, workers=settings.workers, **_options(settings))


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "http": "httptools",
        "ws": "none",
        "log_level": "info",
        # The request log is the record of requests; a line on the terminal for each would cost more than it tells.
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": _GRACE_SECONDS,
    }
