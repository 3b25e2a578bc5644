"""Small recipes and a trained model that the training tests share."""

from __future__ import annotations

import pytest

from training.recipes import Recipe, Stage


@pytest.fixture
def small_recipe() -> Recipe:
    """A sine network that trains within seconds, free-running stage included."""
    stages = (
        Stage(4, 8, 5e-3, 1e-3, chunk=2, timesteps=12),
        Stage(2, 8, 1e-3, 1e-4, chunk=1, timesteps=10, horizon=5),
    )
    return Recipe("sine-gru", "sine", "gru", "sine", (5,), stages, after=(4,))
