"""Models of a user's own series, as training leaves them: here the published sine models under another name."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from service.cards import Golden, GoldenCase, sha256
from service.covariates import Beside, Cell, Covariates
from service.folders import read_folder
from service.inference.batch import Batch
from service.inference.catalog import load
from service.inference.padding import batches
from service.inference.readings.covariates.beside import Effects
from service.inference.readings.covariates.effects import Covariate
from service.inference.readings.covariates.reading import WithCovariates
from tests.conftest import MODELS

CELLS = ("simplernn", "lstm", "gru")
# What such a series looks like.
LIKE = [3 + 2 * math.sin(0.3 * k) + 0.1 * math.cos(7.3 * k * k) for k in range(24)]


def add_own_series(folder: Path, task: str, *, beaten_by: str | None = None, like: Sequence[float] = LIKE) -> list[str]:
    """Write ``<task>-{simplernn,lstm,gru}/1`` into ``folder``, each in one step, and give their names.

    ``like`` is among their golden sequences.
    """
    names = [f"{task}-{cell}" for cell in CELLS]
    for name, cell in zip(names, CELLS, strict=True):
        making = folder / name / ".making"
        shutil.copytree(MODELS / f"sine-{cell}" / "1", making)
        _rename(making, name, task, beaten_by, _golden(cell, [like])[0])
        making.rename(folder / name / "1")
    return names


def add_many_own_series(folder: Path, likes: Sequence[Sequence[float]]) -> list[str]:
    """Write ``series-<place>/1`` into ``folder`` for each of ``likes``, and give their names.

    All are one GRU, and its large files are links to one copy.
    """
    names = [f"series-{place}" for place in range(len(likes))]
    first = shutil.copytree(MODELS / "sine-gru" / "1", folder / names[0] / "1")
    for name, golden in zip(names, _golden("gru", likes), strict=True):
        made = folder / name / "1"
        made.mkdir(parents=True, exist_ok=True)
        for file in first.iterdir():
            if made != first and file.name not in ("card.json", "golden.json"):
                os.link(file, made / file.name)
        shutil.copy(MODELS / "sine-gru" / "1" / "card.json", made)
        _rename(made, name, name, None, golden)
    return names


def add_with_covariates(folder: Path, name: str, effects: Effects) -> WithCovariates:
    """Write ``<name>/1`` into ``folder``: ``series-gru`` with ``effects`` that nobody has learnt, and give its reading.

    Its golden sequence is that of :func:`beside_of`.
    """
    source, made = MODELS / "series-gru" / "1", folder / name / ".making"
    shutil.copytree(source, made)
    model = load(read_folder(source))
    reading = WithCovariates.model_validate({**model.reading.spec(), "kind": "covariates", "effects": effects})
    values, beside = beside_of(effects, 40, 1)
    (batch,) = batches([values], (), Beside((beside,), 1))
    answer = reading.answer(model.network, batch)[0].item()
    case = GoldenCase(sequence=values, value=answer, covariates=beside)
    (made / "golden.json").write_text(Golden(cases=[case]).model_dump_json())
    card = json.loads((made / "card.json").read_text())
    card |= {"name": name, "task": name, "family": "own", "judged": judged(name, None), "reading": reading.spec()}
    card["checksums"] |= {"golden.json": sha256((made / "golden.json").read_bytes())}
    (made / "card.json").write_text(json.dumps(card))
    made.rename(folder / name / "1")
    return reading


def beside_of(effects: Effects, length: int, ahead: int, seed: int = 0) -> tuple[list[float], Covariates]:
    """A series on which ``effects`` act, and what stands beside it for ``ahead`` steps more."""
    rng = np.random.default_rng(seed)

    def column(each: Covariate, count: int) -> list[Cell]:
        if each.kind == "category":
            found: list[Cell] = rng.choice(each.categories, count).tolist()
            return found
        return list(rng.uniform(0.0, 1.0, count).tolist())

    known = {each.name: column(each, length + ahead) for each in effects.known}
    past = {each.name: column(each, length) for each in effects.past}
    static = {each.name: column(each, 1)[0] for each in effects.static}
    beside = Covariates(known, past, static, "2024-01-01T00:00" if effects.calendar else None)
    values = 50.0 + 5.0 * np.sin(0.9 * np.arange(length)) + rng.standard_normal(length)
    batch = Batch(values[None], None, np.array([length], np.int32), np.array([0]), covariates=Beside((beside,), ahead))
    adds = effects.of(batch, ahead).adds[0, :length]
    values = values + adds * (effects.unit or 1.0) if effects.form == "added" else values * np.exp(adds)
    return values.tolist(), beside


def judged(name: str, beaten_by: str | None) -> dict[str, Any]:
    """A backtest in the card of ``name``, which ``beaten_by`` won; None where the model did."""
    rival = beaten_by or "rule:naive"
    scores = {name: 0.9, rival: 0.8 if beaten_by else 1.0}
    entries = [
        {"name": each, "horizon": 1, "mase": mase, "smape": 0.1, "coverage": None} for each, mase in scores.items()
    ]
    best = min(scores, key=scores.__getitem__)
    return {"origins": 20, "horizon": 1, "season": None, "entries": entries, "best": best, "beaten_by": beaten_by}


def _golden(cell: str, likes: Sequence[Sequence[float]]) -> list[bytes]:
    """Golden files of that sine model with one more sequence each."""
    source = MODELS / f"sine-{cell}" / "1"
    model = load(read_folder(source))
    golden = json.loads((source / "golden.json").read_text())
    values = np.empty(len(likes))
    for batch in batches([list(each) for each in likes]):
        values[batch.rows] = model.answer(batch)[0]
    return [
        json.dumps({"cases": [*golden["cases"], {"sequence": list(like), "value": value}]}).encode()
        for like, value in zip(likes, values.tolist(), strict=True)
    ]


def _rename(made: Path, name: str, task: str, beaten_by: str | None, golden: bytes) -> None:
    (made / "golden.json").write_bytes(golden)
    card = json.loads((made / "card.json").read_text())
    card |= {"name": name, "task": task, "family": "own", "judged": judged(name, beaten_by)}
    card["checksums"] |= {"golden.json": sha256(golden)}
    (made / "card.json").write_text(json.dumps(card))
