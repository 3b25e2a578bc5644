"""Changes to a copied model folder, its checksums right again: what its card says of itself proves nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service.cards import sha256

Damage = Callable[[Path], None]


def edit(file: str, change: Callable[[dict[str, Any]], object]) -> Damage:
    """Change a JSON file; a changed golden.json gets its checksum renewed on the card."""

    def damage(folder: Path) -> None:
        document = json.loads((folder / file).read_text())
        change(document)
        (folder / file).write_text(json.dumps(document))
        if file != "card.json":
            renew(folder, file)

    return damage


def renew(folder: Path, file: str) -> None:
    card = json.loads((folder / "card.json").read_text())
    card["checksums"][file] = sha256((folder / file).read_bytes())
    (folder / "card.json").write_text(json.dumps(card))


def replace(file: str, content: bytes) -> Damage:
    def damage(folder: Path) -> None:
        (folder / file).write_bytes(content)
        renew(folder, file)

    return damage
