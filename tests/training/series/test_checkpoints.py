"""How far a part was trained: the best weights yet stay, and all of it comes back from where it was kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.series.storing import Parts

pytestmark = pytest.mark.tensorflow
START = [np.zeros((2, 3), np.float32), np.zeros(3, np.float32)]
STATE = [np.full(4, 7.0), np.array(9)]


def reached(parts: Parts, *scores: float) -> Any:
    """After a step to each of the ``scores``, kept after each."""
    from training.general.tuning import Step
    from training.series.checkpoints import Checkpoint

    found = Checkpoint.last(parts, "head", START)
    for done, score in enumerate(scores, 1):
        weights = [each + done for each in START]
        found = found.after(Step(done, 0.5 * done, weights, {"state": 2**70 + done}), score, STATE)
        found.keep(parts, "head")
    return found


def test_the_weights_that_scored_best_stay_and_nothing_that_is_no_number_is_best() -> None:
    found = reached(Parts(), np.nan, 2.0, np.nan, 1.0, 3.0)
    assert (found.score, found.updates, found.begun.updates) == (1.0, 4, 5)
    assert found.losses == [0.5, 1.0, 1.5, 2.0, 2.5]
    np.testing.assert_array_equal(found.weights[1], np.full(3, 4.0))


def test_where_no_score_is_a_number_what_it_began_with_stays() -> None:
    found = reached(Parts(), np.nan, np.nan)
    assert found.updates == 0
    assert found.weights is START


def test_what_was_kept_comes_back_whole(tmp_path: Path) -> None:
    from training.series.checkpoints import Checkpoint

    made = reached(Parts(tmp_path), 2.0, 3.0)
    back = Checkpoint.last(Parts(tmp_path), "head", START)
    assert (back.score, back.updates, back.losses) == (made.score, made.updates, made.losses)
    assert back.begun.updates == 2
    assert back.begun.drawn == {"state": 2**70 + 2}
    for one, other in zip([*back.weights, *back.begun.state], [*made.weights, *STATE], strict=True):
        np.testing.assert_array_equal(one, other)
