"""The optional TensorFlow runtime: the same answers from model.keras."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest

from service.errors import ModelRejected
from service.inference.engine import Engine
from service.inference.repository import Repository
from service.inference.sequences import Sequence
from tests.conftest import MODELS

pytestmark = pytest.mark.tensorflow

NAMES = ["linear-simplernn", "sine-lstm", "sine-gru", "memory-lstm", "textbook-linear-simplernn-4x34"]


@pytest.fixture(scope="module")
def models() -> Path:
    return MODELS


@pytest.fixture(scope="module")
def reference(models: Path) -> Engine:
    return Engine(Repository(models, runtime="tensorflow").catalog)


def _sequences(pairs: bool) -> list[Sequence]:
    rng = np.random.default_rng(5)
    found: list[Sequence] = []
    for length in rng.integers(3, 60, 40).tolist():
        values = [float(value) for value in rng.normal(size=length).cumsum()]
        found.append([(float(k % 6), value) for k, value in enumerate(values)] if pairs else values)
    return found


def test_every_model_is_served_from_its_keras_file_with_its_golden_answers(reference: Engine, engine: Engine) -> None:
    assert reference.catalog.refused == {}
    assert [model.card.name for model in reference.catalog] == [model.card.name for model in engine.catalog]


@pytest.mark.parametrize("name", NAMES)
def test_ragged_batches_are_answered_alike(reference: Engine, engine: Engine, name: str) -> None:
    sequences = _sequences(engine.catalog.get(name).reading.input == "pairs")
    for one, other, sequence in zip(
        engine.predict(sequences, name), reference.predict(sequences, name), sequences, strict=True
    ):
        scale = max(abs(one.value), float(np.ptp(np.array(sequence))))
        assert one.value == pytest.approx(other.value, abs=1e-5 * scale)


def test_forecasts_on_carried_states_are_alike(reference: Engine, engine: Engine) -> None:
    sequences = _sequences(pairs=False)[:5]
    for name in ("sine-lstm", "sine-gru", "linear-simplernn"):
        for one, other in zip(
            engine.forecast(sequences, 10, name), reference.forecast(sequences, 10, name), strict=True
        ):
            assert one.values == pytest.approx(other.values, abs=1e-3)


def test_what_nobody_named_a_model_for_is_answered_alike(reference: Engine, engine: Engine) -> None:
    rng = np.random.default_rng(6)
    # More rows than a network has units, and some that other models answer best.
    series: list[Sequence] = [
        [*rng.normal(size=30).cumsum().tolist()] if row % 3 else [math.sin(0.3 * k + row) for k in range(30)]
        for row in range(60)
    ]
    for one, other in zip(engine.predict(series), reference.predict(series), strict=True):
        assert one.model == other.model
        assert one.value == pytest.approx(other.value, abs=1e-3)
    forecasts = zip(engine.forecast(series, 5), reference.forecast(series, 5), strict=True)
    assert all(one.values == pytest.approx(other.values, abs=1e-3) for one, other in forecasts)
    assert len({one.model for one in engine.forecast(series, 5)}) > 1


def test_a_backtest_is_alike(reference: Engine, engine: Engine) -> None:
    series: Sequence = [math.sin(0.3 * k) + 0.01 * (k % 7) for k in range(60)]
    one, other = engine.backtest(series, 3), reference.backtest(series, 3)
    assert one.best.model == other.best.model
    for ours, theirs in zip(one.backtests, other.backtests, strict=True):
        assert ours.mae == pytest.approx(theirs.mae, abs=1e-4)


def _archive(models: Path, change: dict[str, str]) -> bytes:
    """A published Keras file whose first dense layer's configuration is changed."""
    source = zipfile.ZipFile(models / "sine-gru" / "1" / "model.keras")
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            if name == "config.json":
                config = json.loads(data)
                layer = next(each for each in config["config"]["layers"] if each["class_name"] == "Dense")
                layer.update(change)
                data = json.dumps(config).encode()
            archive.writestr(name, data)
    return changed.getvalue()


@pytest.mark.parametrize(
    "change", [{"class_name": "Lambda"}, {"module": "os"}, {"class_name": "TFSMLayer"}], ids=lambda each: str(each)
)
def test_a_file_with_a_layer_that_runs_code_is_rejected_before_it_is_loaded(
    models: Path, change: dict[str, str]
) -> None:
    from service.inference.keras_network import KerasNetwork

    with pytest.raises(ModelRejected, match="kind that is not run here"):
        KerasNetwork(_archive(models, change), 2)


def test_bytes_that_are_no_archive_and_another_number_of_features_are_rejected(models: Path) -> None:
    from service.inference.keras_network import KerasNetwork

    with pytest.raises(ModelRejected, match="not a model archive"):
        KerasNetwork(b"nothing", 2)
    with pytest.raises(ModelRejected, match="features a step"):
        KerasNetwork((models / "sine-gru" / "1" / "model.keras").read_bytes(), 1)
