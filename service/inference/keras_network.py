"""The reference: the same network protocol on TensorFlow and Keras, from ``model.keras``. Optional and slow.

Imported only when the service is told to run on TensorFlow.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from service.errors import ModelRejected
from service.inference.network import Features, Lengths, State

# Everything that a published model is made of; a file that names more is not opened (a Lambda layer runs code).
_LAYERS = frozenset({"InputLayer", "Dense", "SimpleRNN", "LSTM", "GRU"})


class KerasNetwork:
    """A network on TensorFlow, compiled once for any number of sequences and timesteps."""

    def __init__(self, model: bytes, features: int) -> None:
        """Load ``model``, the bytes of a ``.keras`` file with ``features`` inputs per step.

        Raises:
            ModelRejected: no Keras archive, a layer of another kind, or another number of features.
        """
        _refuse_other_layers(model)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            path.write_bytes(model)
            try:
                loaded = keras.saving.load_model(path, compile=False, safe_mode=True)
            except (ValueError, TypeError, OSError) as error:
                raise ModelRejected("the Keras file cannot be loaded") from error
        if loaded.input_shape[-1] != features:
            raise ModelRejected(f"the Keras file reads {loaded.input_shape[-1]} features a step, not {features}")
        self._layers = [
            _with_states(layer) for layer in loaded.layers if not isinstance(layer, keras.layers.InputLayer)
        ]
        self._run = tf.function(
            self._forward,
            input_signature=[
                tf.TensorSpec((None, None, features)),
                tf.TensorSpec((None,), tf.int32),
                [[tf.TensorSpec((None, layer.units))] * _states(layer) for layer in self._layers if _states(layer)],
            ],
        )

    def run(self, sequence: Features, length: Lengths, state: State | None = None) -> tuple[Features, State]:
        recurrent = [layer for layer in self._layers if _states(layer)]
        if state is None:
            initial = [[np.zeros((len(sequence), layer.units), np.float32)] * _states(layer) for layer in recurrent]
        else:
            parts = (part[0] for part in state.values())  # ONNX has an axis of directions before the sequences
            initial = [[next(parts) for _ in range(_states(layer))] for layer in recurrent]
        outputs, finals = self._run(sequence, length, initial)
        names = (f"{letter}0_{order}" for order, layer in enumerate(recurrent) for letter in "hc"[: _states(layer)])
        return outputs.numpy(), {name: part.numpy()[None] for name, part in zip(names, chain(*finals), strict=True)}

    def _forward(self, sequence: Any, length: Any, initial: list[list[Any]]) -> tuple[Any, list[list[Any]]]:
        # Keras carries a state unchanged through masked steps, so the last one is that of the row's own end.
        mask = tf.sequence_mask(length, tf.shape(sequence)[1])
        finals: list[list[Any]] = []
        for layer in self._layers:
            if _states(layer):
                sequence, *final = layer(sequence, mask=mask, initial_state=initial[len(finals)])
                finals.append(final)
            else:
                sequence = layer(sequence)
        return sequence[:, :, 0], finals


def _states(layer: Any) -> int:
    """How many state tensors ``layer`` carries: two for an LSTM, one for the others, none for a dense layer."""
    return 2 if isinstance(layer, keras.layers.LSTM) else int(isinstance(layer, keras.layers.RNN))


def _with_states(layer: Any) -> Any:
    """``layer`` itself, or if recurrent the same layer giving every step and its final state."""
    if not _states(layer):
        return layer
    config = {**layer.get_config(), "return_sequences": True, "return_state": True}
    whole = type(layer).from_config(config)
    whole.build((None, None, layer.cell.kernel.shape[0]))
    whole.set_weights(layer.get_weights())
    return whole


def _refuse_other_layers(model: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(model)) as archive:
            config = json.loads(archive.read("config.json"))
        layers = {layer["class_name"] for layer in config["config"]["layers"]}
        modules = set(_modules(config))
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelRejected("the Keras file is not a model archive") from error
    if layers - _LAYERS or any(module.split(".")[0] != "keras" for module in modules):
        raise ModelRejected("the Keras file has layers of a kind that is not run here")


def _modules(config: Any) -> Iterator[str]:
    """Every Python module that a Keras configuration names, at any depth."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield str(config.get("module"))
        for value in config.values():
            yield from _modules(value)
    elif isinstance(config, list):
        for value in config:
            yield from _modules(value)
