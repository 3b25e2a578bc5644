"""What somebody else chose stands on a terminal short, on one line, and obeyed by nothing."""

from __future__ import annotations

import pytest

from service import __main__
from service.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zürich 東京", "Zürich 東京"),
        ("a\nb\x1b[2J", "a\\nb\\x1b[2J"),
        ("\u202e\u2028", "\\u202e\\u2028"),
        ("\ud800", "\\ud800"),
    ],
    ids=["letters", "control", "direction", "surrogate"],
)
def test_what_is_not_printed_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_what_is_too_long_loses_its_middle() -> None:
    assert printable("a" * 50 + "b" * 50, 11) == "aaaaa…bbbbb"
    assert printable("short", 11) == "short"


@pytest.mark.parametrize(
    "arguments",
    [["check", "x" * 5000], ["--" + "x" * 5000], ["--no-such\x1b[2J"]],
    ids=["subcommand", "flag", "escape"],
)
def test_a_command_line_is_not_repeated_whole(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        __main__.main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "unrecognized arguments" in said
    assert len(said) < 500
    assert said.isprintable()
