"""The walk of one request that ``benchmarks.calls`` counts is that of a request which is answered and recorded."""

from __future__ import annotations

import asyncio
import json

from benchmarks.calls import QUESTIONS, count


def test_the_walk_of_a_request_begins_in_the_application_and_passes_the_log() -> None:
    path, posted = QUESTIONS["/predict, named"]
    walk, steps = asyncio.run(count(path, json.dumps(posted).encode()))
    files = [file for file, _ in steps]
    assert walk.calls == len(steps)
    assert walk.files == len(set(files))
    assert 0 < walk.returns < walk.calls - walk.files
    assert {"inference/engine.py", "request_log/insert.py"} <= set(files)
