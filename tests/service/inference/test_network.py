from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.errors import ModelRejected
from service.inference.catalog import Catalog
from service.inference.network import OnnxNetwork
from service.inference.onnx_form import form_of
from tests.conftest import MODELS
from tests.service.inference.chains import CHAINS


def model_bytes(name: str = "sine-lstm") -> bytes:
    return (MODELS / name / "1" / "model.onnx").read_bytes()


@pytest.mark.parametrize("model", [b"", b"\x00", b"not a model", b"\xff" * 1000, model_bytes()[:-500]])
def test_bytes_that_are_no_model_are_refused(model: bytes) -> None:
    with pytest.raises(ModelRejected):
        OnnxNetwork(model, 2)


def test_a_file_for_another_number_of_features_is_refused() -> None:
    with pytest.raises(ModelRejected, match="reads 2 features a step, not 1"):
        OnnxNetwork(model_bytes(), 1)


@pytest.mark.parametrize("folder", CHAINS, ids=lambda folder: folder.parent.name)
def test_a_state_carried_over_gives_what_one_pass_gives(folder: Path) -> None:
    model = (folder / "model.onnx").read_bytes()
    features = form_of(model).features
    network = OnnxNetwork(model, features)
    sequence = np.random.default_rng(0).normal(size=(3, 12, features)).astype(np.float32)
    whole, end = network.run(sequence, np.full(3, 12, np.int32))
    first, state = network.run(sequence[:, :5], np.full(3, 5, np.int32))
    second, after = network.run(sequence[:, 5:], np.full(3, 7, np.int32), state)
    np.testing.assert_allclose(np.hstack((first, second)), whole, atol=1e-6)
    assert after.keys() == end.keys()
    for name in end:
        np.testing.assert_allclose(after[name], end[name], atol=1e-6)


def test_the_state_after_a_ragged_batch_is_that_of_each_rows_own_last_step() -> None:
    network = OnnxNetwork(model_bytes("sine-gru"), 2)
    sequence = np.random.default_rng(1).normal(size=(2, 9, 2)).astype(np.float32)
    _, ragged = network.run(sequence, np.array([4, 9], np.int32))
    _, alone = network.run(sequence[:1, :4], np.array([4], np.int32))
    for name in ragged:
        np.testing.assert_allclose(ragged[name][:, :1], alone[name], atol=1e-6)


def test_a_row_alone_gives_the_very_bits_that_it_gives_in_a_batch(catalog: Catalog) -> None:
    rng = np.random.default_rng(4)
    for name in ("memory-simplernn", "sine-simplernn", "sine-lstm", "sine-gru"):
        network = catalog.get(name).network
        rows, lengths = rng.normal(size=(3, 40, 2)).astype(np.float32), np.array([40, 17, 1], np.int32)
        together, state = network.run(rows, lengths)
        onwards, _ = network.run(rows, lengths, state)
        for row, length in enumerate(lengths):
            alone, after = network.run(rows[row : row + 1], lengths[row : row + 1])
            further, _ = network.run(rows[row : row + 1], lengths[row : row + 1], after)
            assert (alone[0, :length] == together[row, :length]).all()
            assert (further[0, :length] == onwards[row, :length]).all()
