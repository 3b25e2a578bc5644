"""requirements/*.txt: what is installed together agrees, and every package is pinned by its hash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LOCKS = Path(__file__).parents[2] / "requirements"


def pins(name: str) -> set[str]:
    return {line.removesuffix(" \\") for line in (LOCKS / name).read_text().splitlines() if "==" in line}


def test_the_image_installs_the_service_and_postgresql_s_driver_and_nothing_else() -> None:
    assert pins("service.txt") <= pins("postgresql.txt")
    more = {re.split(r"==", pin)[0] for pin in pins("postgresql.txt") - pins("service.txt")}
    assert more == {"psycopg", "psycopg-binary", "tzdata"}


@pytest.mark.parametrize("name", sorted(file.name for file in LOCKS.glob("*.txt")))
def test_every_package_has_a_hash_and_no_index_is_named(name: str) -> None:
    text = (LOCKS / name).read_text()
    assert len(re.findall(r"==[^\n]*\\\n    --hash=sha256:", text)) == len(pins(name))
    assert "://" not in text
    assert "--index" not in text
