"""Lines on the terminal are JSON objects that name the request they are about."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from service.telemetry.logs import TextFormatter, configure


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
        logging.getLogger("service.http").exception("request %s failed", "abc", extra={"request_id": "abc"})
    (line,) = lines(capsys)
    shown = json.loads(line)
    assert shown.keys() == {"time", "level", "logger", "message", "request_id", "exception"}
    assert shown["request_id"] == "abc"
    assert shown["message"] == "request abc failed"
    assert (shown["level"], shown["logger"]) == ("error", "service.http")
    assert "ValueError: invalid literal" in shown["exception"]
    assert shown["time"].endswith("+00:00")


def test_what_json_cannot_hold_is_written_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    logging.getLogger("other").warning("%s", "\udcff", extra={"thing": object})
    (line,) = lines(capsys)
    assert json.loads(line)["level"] == "warning"


def test_text_is_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    logging.getLogger("service.http").info("served")
    (line,) = lines(capsys)
    assert line.endswith("INFO service.http: served")


def text_of(message: str, *arguments: object, error: BaseException | None = None) -> str:
    exc_info = (type(error), error, error.__traceback__) if error else None
    return TextFormatter().format(logging.LogRecord("service", logging.ERROR, "", 0, message, arguments, exc_info))


@pytest.mark.parametrize("character", ["\n", "\r", "\x1b", "\x9b", "\u2028", "\u202e", "\x00"])
def test_a_name_forges_no_line_of_text_and_moves_no_cursor(character: str) -> None:
    line = text_of("the model %s is refused", f"sine{character}2026-01-01 ERROR service: forged")
    shown = repr(character)[1:-1]
    assert line.endswith(f"ERROR service: the model sine{shown}2026-01-01 ERROR service: forged is refused")
    assert line.isprintable()


def test_words_of_any_language_stay_as_they_are() -> None:
    assert text_of("모델 %s", "größer").endswith("ERROR service: 모델 größer")


def test_a_trace_goes_on_indented_whatever_its_error_says() -> None:
    error = ValueError("first\n2026-01-01 00:00:00,000 ERROR service: forged\x1b[2J")
    first, *rest = text_of("failed", error=error).split("\n")
    assert first.endswith("ERROR service: failed")
    assert rest
    assert all(line.startswith("    ") and line.isprintable() for line in rest)
