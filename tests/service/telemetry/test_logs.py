"""Lines on the terminal are JSON objects that name the request they are about."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from service.telemetry.logs import configure


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_line_is_one_object_with_the_request_id(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    try:
        int("two\nlines")
    except ValueError:
        logging.getLogger("service.api").exception("request %s failed", "abc", extra={"request_id": "abc"})
    (line,) = lines(capsys)
    shown = json.loads(line)
    assert shown.keys() == {"time", "level", "logger", "message", "request_id", "exception"}
    assert shown["request_id"] == "abc"
    assert shown["message"] == "request abc failed"
    assert (shown["level"], shown["logger"]) == ("error", "service.api")
    assert "ValueError: invalid literal" in shown["exception"]
    assert shown["time"].endswith("+00:00")


def test_what_json_cannot_hold_is_written_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    logging.getLogger("other").warning("%s", "\udcff", extra={"thing": object})
    (line,) = lines(capsys)
    assert json.loads(line)["level"] == "warning"


def test_text_is_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    logging.getLogger("service.api").info("served")
    (line,) = lines(capsys)
    assert line.endswith("INFO service.api: served")
