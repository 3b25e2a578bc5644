"""Several small networks of one cell as one larger network that answers their mean; exact, pure NumPy.

The members stand side by side in the recurrent layer, with no weights between them, and the linear head averages
them. Small data make each restart a little wrong in its own way; their mean is steadier than any (Hansen and Salamon
1990), and it is an ordinary network that the service runs like every other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Weights = list[np.ndarray[Any, Any]]


def merged(members: Sequence[Weights]) -> Weights:
    """The weights of one recurrent layer of all members' units and its Dense(1), in Keras' order.

    Each member's are kernel [features, gates * units], recurrent kernel [units, gates * units], bias
    [..., gates * units], and the head's kernel [units, 1] and bias [1].
    """
    if len(members) == 1:
        return list(members[0])
    kernels, recurrent, biases, heads, constants = zip(*members, strict=True)
    return [
        _side_by_side(kernels, recurrent),
        _diagonal(recurrent),
        _side_by_side(biases, recurrent),
        np.concatenate(heads) / len(members),
        np.mean(constants, axis=0),
    ]


def _gates(kernel: np.ndarray[Any, Any], recurrent: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    return np.split(kernel, kernel.shape[-1] // len(recurrent), axis=-1)


def _side_by_side(
    kernels: Sequence[np.ndarray[Any, Any]], recurrent: Sequence[np.ndarray[Any, Any]]
) -> np.ndarray[Any, Any]:
    """Gate by gate, the members' columns one after another."""
    parts = [_gates(kernel, square) for kernel, square in zip(kernels, recurrent, strict=True)]
    return np.concatenate([each for gate in zip(*parts, strict=True) for each in gate], axis=-1)


def _diagonal(recurrent: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """Gate by gate, the members' squares along the diagonal."""
    gates = []
    for blocks in zip(*(_gates(kernel, kernel) for kernel in recurrent), strict=True):
        size = sum(len(block) for block in blocks)
        gate, start = np.zeros((size, size), np.float32), 0
        for block in blocks:
            gate[start : start + len(block), start : start + len(block)] = block
            start += len(block)
        gates.append(gate)
    return np.concatenate(gates, axis=-1)
