"""The published models whose network is a chain of layers, read a step at a time."""

from __future__ import annotations

import json

from tests.conftest import MODELS

# Of general models the part that runs over the steps is one; what writes has two networks, and what draws answers with
# more than a number.
OTHERS = ("general", "text", "image", "drawing")
CHAINS = sorted(
    folder
    for folder in MODELS.glob("*/1")
    if json.loads((folder / "card.json").read_text())["reading"]["kind"] not in OTHERS
)
