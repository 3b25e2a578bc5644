"""Text that somebody else chose, as it may stand on a terminal. Pure."""

from __future__ import annotations

import argparse
from typing import NoReturn

# A message of argparse repeats what was typed, which may be a whole file.
_MESSAGE = 300


def printable(text: str, most: int | None = None) -> str:
    """``text`` on one line: what is not printed (control, format, line ends) as escapes, cut in the middle to ``most``.

    Nobody forges a line by a line feed, nor moves the terminal's cursor by an escape.
    """
    if most is not None and len(text) > most:
        text = f"{text[: most // 2]}…{text[len(text) - (most - 1) // 2 :]}"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class Parser(argparse.ArgumentParser):
    """A command line whose complaints are short, however long what was typed."""

    def error(self, message: str) -> NoReturn:
        """Exit 2 with ``message`` beside the usage."""
        super().error(printable(message, _MESSAGE))
