"""What people are told on the terminal: names from files made printable and short, no markup read in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from service.printable import printable

# A name that is quoted in a sentence; what is longer loses its middle.
_NAME = 40


def name(text: str) -> str:
    """A name from a file or an option, as it stands in a sentence."""
    return printable(text, _NAME)


def quoted(value: object) -> str:
    """A cell or a name in quotation marks."""
    return f"'{name(str(value))}'"


def say(console: Console, word: str, style: str, text: str) -> None:
    """A coloured word and a sentence, wrapped between words."""
    console.print(Text.assemble((word, style), " " if word and text else "", printable(text)))


def written(console: Console, path: Path) -> None:
    """Where something was written, on one line however long, so that it can be copied."""
    console.print(Text.assemble(("written", "green"), " ", printable(str(path))), soft_wrap=True)


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = False, bold: str | None = None
) -> Table:
    """A table whose cells are whole at 80 columns; ``numbers``: each row is a name, which may take several lines, and
    numbers, which do not. The row of the name ``bold`` is.
    """
    columns = [Column(each, overflow="fold", no_wrap=numbers and place > 0) for place, each in enumerate(head)]
    shown = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        shown.add_row(*(Text(printable(cell)) for cell in row), style="bold" if row[0] == bold else "")
    return shown
