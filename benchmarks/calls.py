"""``python -m benchmarks.calls``: how far one request walks through our own files, from the ASGI app to the row.

Counts the calls into code of ``service`` that Python's profiler tells, in all threads, from the moment the application
is called until it returns, which is after the row was committed; the files that they go into; and how often one goes
back into a file that was already left. A coroutine or generator that goes on is called once more. The shortest of
several walks counts: caches are filled by then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import service
from benchmarks.contestants import ROOT
from service.app import create_app
from service.request_log.migrate import migrate
from service.settings import Settings

_OURS = str(Path(service.__file__).parent)
_COUNTED, _TIMED = 7, 3000
_SINE = [0.0, 0.48, 0.84, 1.0, 0.91, 0.6, 0.14, -0.35, -0.76, -0.98, -0.96, -0.71, -0.28, 0.22, 0.66, 0.94]
QUESTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "/predict, named": ("/predict", {"model": "sine-gru", "sequence": _SINE}),
    "/predict, unnamed": ("/predict", {"sequence": _SINE}),
    "/predict, 64 sequences": ("/predict", {"model": "sine-gru", "sequences": [_SINE] * 64}),
    "/forecast, 64 sequences": ("/forecast", {"model": "sine-gru", "sequences": [_SINE] * 64, "horizon": 8}),
    "/compare": ("/compare", {"task": "sine", "sequence": _SINE}),
    "v1": ("/v1/models/sine-gru:predict", {"instances": [_SINE]}),
    "v2": (
        "/v2/models/sine-gru/infer",
        {"inputs": [{"name": "sequence", "datatype": "FP64", "shape": [1, len(_SINE)], "data": _SINE}]},
    ),
}


class Walk(NamedTuple):
    """One request's calls, the files they are in, and the returns to a file that was left."""

    calls: int
    files: int
    returns: int


class _Recorder:
    """Notes the code of every call into our own files while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.walked: list[tuple[str, str]] = []

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if self.on and event == "call" and code.co_filename.startswith(_OURS):
            self.walked.append((code.co_filename.removeprefix(_OURS + "/"), code.co_qualname))

    def start(self) -> None:
        self.walked, self.on = [], True

    def stop(self) -> Walk:
        self.on = False
        files = [file for file, _ in self.walked]
        moves = [file for place, file in enumerate(files) if place == 0 or file != files[place - 1]]
        return Walk(len(files), len(set(files)), len(moves) - len(set(files)))


@asynccontextmanager
async def application() -> AsyncIterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(models_dir=ROOT / "models", database_url=f"sqlite:///{folder}/unroll.db")
        migrate(settings.database_url)
        app = create_app(settings)
        async with app.router.lifespan_context(app) as state:
            yield lambda path, body: _ask(app, state, path, body)


async def _ask(app: Any, state: Any, path: str, body: bytes) -> None:
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])
    status = 0

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    headers = [
        (b"host", b"127.0.0.1"),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "state": dict(state),
    }
    await app(scope, receive, send)
    if status != 200:
        raise SystemExit(f"{path} answered {status}")


async def count(path: str, body: bytes) -> tuple[Walk, list[tuple[str, str]]]:
    """The shortest walk of several, and its steps."""
    recorder = _Recorder()
    threading.setprofile(recorder)
    sys.setprofile(recorder)
    found: list[tuple[Walk, list[tuple[str, str]]]] = []
    try:
        async with application() as ask:
            for _ in range(_COUNTED):
                recorder.start()
                await ask(path, body)
                found.append((recorder.stop(), recorder.walked))
                await asyncio.sleep(0.05)  # what the log does after the answer ends before the next
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return min(found)


async def clock(path: str, body: bytes) -> float:
    """Microseconds that the fastest of many such requests took."""
    async with application() as ask:
        best = float("inf")
        for _ in range(_TIMED):
            began = time.perf_counter_ns()
            await ask(path, body)
            best = min(best, (time.perf_counter_ns() - began) / 1000)
    return best


def main(arguments: list[str] | None = None) -> None:
    """Print a row for each question; with ``--steps``, every call of one of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls", description=__doc__)
    parser.add_argument("--steps", choices=QUESTIONS, help="print the calls of this question, one a line")
    parser.add_argument("--time", action="store_true", help="also the microseconds of the fastest of many")
    options = parser.parse_args(arguments)
    for name in [options.steps] if options.steps else QUESTIONS:
        path, posted = QUESTIONS[name]
        body = json.dumps(posted).encode()
        walk, steps = asyncio.run(count(path, body))
        took = f"  {asyncio.run(clock(path, body)):7.0f} us" if options.time else ""
        print(f"{name:26}{walk.calls:6} calls{walk.files:5} files{walk.returns:5} returns{took}")
        if options.steps:
            for file, function in steps:
                print(f"  {file:36}{function}")
            print(Counter(file for file, _ in steps).most_common())


if __name__ == "__main__":
    main()
