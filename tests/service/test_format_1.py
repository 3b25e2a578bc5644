"""Model folders whose cards are of format 1 are served as those of format 2."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from service.cards import ModelCard
from service.errors import ModelRejected
from service.folders import read_folder
from service.inference.engine import Engine
from service.inference.repository import Repository
from tests.conftest import MODELS

STORED = Path(__file__).with_name("format_1")


def test_a_stored_folder_of_format_1_is_served_with_the_same_answers(engine: Engine) -> None:
    assert json.loads((STORED / "sine-gru" / "1" / "card.json").read_text())["format"] == 1
    served = Engine(Repository(STORED).catalog)
    assert served.catalog.refused == {}
    sequences = [[1.0, 2.0, 4.0, 3.0] * 5, [7.0, 7.5, 9.0]]
    assert served.predict(list(sequences), "sine-gru") == engine.predict(list(sequences), "sine-gru")
    stored, now = served.catalog.get("sine-gru").card, engine.catalog.get("sine-gru").card
    assert stored.model_copy(update={"intervals": now.intervals}) == now
    assert stored.intervals is not None
    assert stored.intervals.quantiles.keys() == {"80", "90", "95"}


# What the members were that said how a model reads, and its family.
FORMAT_1: dict[str, dict[str, Any]] = {
    "linear-lstm": {"input": "values", "scaling": "causal", "window": None, "values": None, "indices": None},
    "memory-gru": {"input": "pairs", "scaling": "none", "window": None, "values": None, "indices": [0, 5]},
    "textbook-compare-gru": {
        "input": "values", "scaling": "none", "window": 16, "values": [0.0, 2.2], "indices": None
    },
}  # fmt: skip


def of_format_1(name: str) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((MODELS / name / "1" / "card.json").read_text())
    del card["reading"], card["family"]
    return card | {"format": 1} | FORMAT_1[name]


@pytest.mark.parametrize("name", FORMAT_1)
def test_a_card_of_format_1_is_that_of_format_2(name: str) -> None:
    assert ModelCard.model_validate(of_format_1(name)) == read_folder(MODELS / name / "1").card


def test_a_card_of_format_1_with_a_backtest_is_one_of_an_own_series() -> None:
    judged = {"origins": 1, "horizon": 1, "season": None, "best": "rule:naive", "beaten_by": None}
    entry = {"name": "rule:naive", "horizon": 1, "mase": 1.0, "smape": 0.1, "coverage": None}
    card = ModelCard.model_validate(of_format_1("linear-lstm") | {"judged": judged | {"entries": [entry]}})
    assert card.family == "own"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("linear-lstm", {"window": 8}),
        ("linear-lstm", {"scaling": "none"}),
        ("linear-lstm", {"indices": [0, 5]}),
        ("linear-lstm", {"values": [0.0, 1.0]}),
        ("linear-lstm", {"input": ["values"]}),
        ("memory-gru", {"scaling": "causal"}),
        ("memory-gru", {"window": 4}),
        ("memory-gru", {"indices": None}),
        ("textbook-compare-gru", {"window": None}),
        ("textbook-compare-gru", {"window": "16"}),
    ],
)
def test_a_card_of_format_1_whose_members_do_not_go_together_is_refused(
    tmp_path: Path, name: str, change: dict[str, Any]
) -> None:
    folder = tmp_path / name / "1"
    shutil.copytree(MODELS / name / "1", folder)
    (folder / "card.json").write_text(json.dumps(of_format_1(name) | change))
    with pytest.raises(ModelRejected, match=r"breaks the contract.*causal scaling or a window"):
        read_folder(folder)
