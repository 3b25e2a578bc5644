"""What reaches the terminal and the plots is what was meant: no markup, no mathematics, no control characters."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from rich.console import Console

from training import plots, terminal

NAMES = [
    "power [kW]",
    "flow [/min]",
    "[bold]red[/bold]",
    ":smile:",
    "open_$ to close_$",
    "\x1b[31mred\x07",
    "a\nb\u202e",
]


def told(width: int = 80) -> Console:
    return Console(file=io.StringIO(), width=width, force_terminal=False)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_said_as_it_stands_and_its_control_characters_as_escapes(name: str) -> None:
    console = told()
    terminal.say(console, "repaired", "yellow", f"of {name} 3 values")
    shown = name.encode("unicode_escape").decode()
    assert text_of(console) == f"repaired of {shown} 3 values\n"


def test_a_sentence_is_wrapped_and_a_path_is_not() -> None:
    console = told()
    terminal.say(console, "written", "green", "word " * 40)
    assert max(map(len, text_of(console).splitlines())) <= 80
    console = told()
    terminal.written(console, terminal.Path("a" * 200, "b" * 50))
    assert text_of(console) == f"written {'a' * 200}/{'b' * 50}\n"


def test_a_long_name_keeps_its_ends() -> None:
    assert terminal.name("a" * 20 + "b" * 20) == "a" * 20 + "b" * 20
    assert terminal.name("begin" + "x" * 10**6 + "end") == "begin" + "x" * 15 + "…" + "x" * 16 + "end"
    assert terminal.printable("caf\u00e9 \udc80") == "café \\udc80"  # a file's name in another encoding


def test_a_table_is_whole_at_80_columns() -> None:
    console = told()
    names = ["sunspots-simplernn", "sunspots-lstm", "x" * 70 + "-simplernn", "[/b]"]
    rows = [(each, "1.2e-308", "1.0e80", "200.0", "100.0", "100.0", "100.0") for each in names]
    head = ("on the hold-out", "MASE", "1 step", "sMAPE %", "held by\n80 %", "held by\n90 %", "held by\n95 %")
    console.print(terminal.table(head, rows, numbers=True, bold="sunspots-lstm"))
    said = text_of(console)
    assert max(map(len, said.splitlines())) <= 80
    assert "…" not in said
    assert all(each in said for each in ("sunspots-simplernn", "sunspots-lstm", "[/b]"))
    assert said.count("1.2e-308") == said.count("1.0e80") == 4
    first = "".join(line.split(" ")[1] for line in said.splitlines() if line.startswith(" ") and len(line) > 1)
    assert "x" * 70 + "-simplernn" in first


@pytest.mark.parametrize("name", [*NAMES, "값", "$$", "\\$", r"$\frac{", "x" * 500])
def test_a_name_in_a_plot_is_no_mathematics_and_leaves_the_file_xml(name: str) -> None:
    with plots.figure() as (drawn, (axes,)):
        axes.semilogy([1, 1000], label=plots.plain(name))
        axes.set(title=f"{plots.plain(name)}: forecasts")
        axes.legend()
    texts = {each.text for each in ElementTree.fromstring(plots.svg(drawn)).iter("{http://www.w3.org/2000/svg}text")}  # noqa: S314  # ours
    shown = name.encode("unicode_escape").decode() if not name.isprintable() else name
    assert shown in texts or len(name) > 60
    assert mpl.rcParams["text.parse_math"]  # which the ticks of logarithms need
