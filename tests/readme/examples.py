"""The README's console examples, settings table and tree: read, run against a real server, and rewritten.

``python -m tests.readme.examples`` (``make readme``) asks a real server and writes what it answers.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from service.settings import Settings
from tests.readme.tree import tree
from tests.serving import Process

README = Path(__file__).parents[2] / "README.md"
_CONSOLE = re.compile(r"```console\n\$ (?P<command>.+)\n(?P<output>(?:.*\n)*?)```\n")
_SETTINGS = re.compile(r"(<!-- settings:begin -->\n).*?(<!-- settings:end -->)", re.DOTALL)
_TREE = re.compile(r"(<!-- tree:begin -->\n).*?(<!-- tree:end -->)", re.DOTALL)


class Example(NamedTuple):
    """A command as the README shows it, and the output shown beneath."""

    command: str
    output: str


def examples() -> list[Example]:
    """Every console example of the README, in order."""
    return [Example(*found.groups()) for found in _CONSOLE.finditer(README.read_text())]


def run(command: str, base_url: str) -> str:
    """What ``command`` prints when its localhost:8000 is the server at ``base_url``."""
    here = command.replace("http://localhost:8000", base_url).replace("localhost:8000", base_url)
    done = subprocess.run(["bash", "-c", here], capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.rstrip("\n") + "\n"


def settings_table() -> str:
    """A Markdown table of every setting."""
    rows = ["| variable | flag | default | what it does |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default_factory else f"`{field.default}`"
        flag = "--" + name.replace("_", "-")
        rows.append(f"| `UNROLL_{name.upper()}` | `{flag}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"


def rewrite(base_url: str) -> None:
    """Write what the server at ``base_url`` answers under each example, and the settings table."""
    text = README.read_text()
    text = _CONSOLE.sub(lambda found: f"```console\n$ {found[1]}\n{run(found[1], base_url)}```\n", text)
    text = _SETTINGS.sub(lambda found: found[1] + settings_table() + found[2], text)
    text = _TREE.sub(lambda found: found[1] + tree() + found[2], text)
    README.write_text(text)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, Process(Path(folder)) as server:
        server.wait_until_ready()
        rewrite(str(server.client.base_url))
