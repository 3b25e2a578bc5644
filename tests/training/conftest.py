"""Small recipes and a trained model that the training tests share."""

from __future__ import annotations

import pytest

from training.recipes import Recipe, Stage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keras 3.15 reads TensorFlow's variables in a way that NumPy 2 warns of; nothing here can change that."""
    for item in items:
        if item.get_closest_marker("tensorflow"):
            item.add_marker(pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"))


@pytest.fixture(scope="session")
def one_thread() -> None:
    """TensorFlow with one thread, as training runs it; must come before TensorFlow does anything."""
    from training import trainer

    trainer.use_one_thread()


@pytest.fixture
def small_recipe() -> Recipe:
    """A sine network that trains within seconds, free-running stage included."""
    stages = (
        Stage(4, 8, 5e-3, 1e-3, chunk=2, timesteps=12),
        Stage(2, 8, 1e-3, 1e-4, chunk=1, timesteps=10, horizon=5),
    )
    return Recipe("sine-gru", "sine", "gru", "sine", (5,), stages, after=(4,))
