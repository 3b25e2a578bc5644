"""Models of a user's own series, as training leaves them: here the published sine models under another name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tests.conftest import MODELS

CELLS = ("simplernn", "lstm", "gru")


def add_own_series(folder: Path, task: str, *, beaten_by: str | None = None) -> list[str]:
    """Write ``<task>-{simplernn,lstm,gru}/1`` into ``folder``, each in one step, and give their names."""
    names = [f"{task}-{cell}" for cell in CELLS]
    for name, cell in zip(names, CELLS, strict=True):
        making = folder / name / ".making"
        shutil.copytree(MODELS / f"sine-{cell}" / "1", making)
        card = json.loads((making / "card.json").read_text())
        card |= {"name": name, "task": task, "family": "own", "judged": judged(name, beaten_by)}
        (making / "card.json").write_text(json.dumps(card))
        making.rename(folder / name / "1")
    return names


def judged(name: str, beaten_by: str | None) -> dict[str, Any]:
    """A backtest in the card of ``name``, which ``beaten_by`` won; None where the model did."""
    rival = beaten_by or "rule:naive"
    scores = {name: 0.9, rival: 0.8 if beaten_by else 1.0}
    entries = [
        {"name": each, "horizon": 1, "mase": mase, "smape": 0.1, "coverage": None} for each, mase in scores.items()
    ]
    best = min(scores, key=scores.__getitem__)
    return {"origins": 20, "horizon": 1, "season": None, "entries": entries, "best": best, "beaten_by": beaten_by}
