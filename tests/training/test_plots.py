"""Plots stay small whatever is drawn."""

from __future__ import annotations

import numpy as np

from training import plots


def test_loss_curves_are_thinned_with_both_ends_kept() -> None:
    values = np.arange(1000.0).tolist()
    kept = plots.thinned(values)
    assert len(kept) == 300
    assert (kept[0], kept[-1]) == (0.0, 999.0)
    assert plots.thinned([1.0, 2.0]) == [1.0, 2.0]
