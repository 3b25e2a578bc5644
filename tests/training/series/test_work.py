"""Who is chosen: by the validation origins, which flatter a network that they told when to stop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.series.conftest import MakePanel
from training.series import storing
from training.series.candidates import Candidate, Start
from training.series.splits import Split
from training.series.validating import chosen_by
from training.series.work import Assignment

GRU, LSTM, GENERAL = Candidate("gru", 8, 16, 0), Candidate("lstm", 8, 16, 0), Start("gru", 0)
BEST = {"x-general": GENERAL, "x-gru": GRU, "x-lstm": LSTM}


@pytest.mark.parametrize(
    ("lower", "noise", "expected"),
    [
        (0.1, 0.02, ["x-gru", "x-general", "x-lstm"]),  # beyond doubt
        (0.01, 3.0, ["x-general", "x-gru", "x-lstm"]),
        (-0.1, 0.02, ["x-general", "x-gru", "x-lstm"]),
    ],
)
def test_a_network_from_nothing_is_chosen_where_it_is_better_by_more_than_chance(
    lower: float, noise: float, expected: list[str], panel_of: MakePanel, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    panel, split = panel_of(rng.standard_normal(600)), Split(3)
    work = Assignment("x", "x.csv", panel, split, None, 0, None, ("gru", "lstm"), tmp_path, tmp_path)
    count = len(chosen_by(panel, split).at)
    errors = {name: 1.0 + noise * rng.standard_normal(count) for name in BEST}
    for name, mean in (("x-general", 1.0), ("x-gru", 1.0 - lower), ("x-lstm", 2.0)):
        own = errors[name] - errors[name].mean() + mean
        storing.save(work.stored(BEST[name]), [], {"score": mean, "errors": own.tolist()})
    assert work.in_order(BEST) == expected
