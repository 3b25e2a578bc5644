"""A network without one of its units or gates: what that part was good for. Pure; changes weights, not cells.

A gate that is switched off is not there, as in Greff et al. (2017): those of an LSTM and a GRU's reset gate stand open
at one, and a GRU's update gate at zero, so that each candidate is the next state. A unit that is switched off is read
by nobody, neither at the next step nor by the layer after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.cards import Layer
from service.errors import InvalidInput, Problem

Weights = Mapping[str, NDArray[np.float32]]

# Gates in the order of the weights (see cells.py), and where each stands when it is off.
_GATES: Mapping[str, tuple[int, Mapping[str, tuple[int, float]]]] = {
    "simplernn": (1, {}),
    "lstm": (4, {"input": (0, 1.0), "output": (1, 1.0), "forget": (2, 1.0)}),
    "gru": (3, {"update": (0, 0.0), "reset": (1, 1.0)}),
    "gru-before": (3, {"update": (0, 0.0), "reset": (1, 1.0)}),
}
# Of what comes before a gate's sigmoid, which is then exactly zero or one.
_FAR = 1e3


class Off(NamedTuple):
    """What is switched off in the last recurrent layer: a ``unit``, counted from 1, or a ``gate`` by its name."""

    unit: int | None
    gate: str | None


def without(layers: Sequence[Layer], weights: Weights, off: Off) -> dict[str, NDArray[np.float32]]:
    """``weights`` by the names of the ONNX form, with that part of the last recurrent layer of ``layers`` switched off.

    Where that is the last of them, whoever reads its states is to leave out the unit.

    Raises:
        InvalidInput: the layer has no such unit or gate.
    """
    index, layer = [(index, layer) for index, layer in enumerate(layers) if layer.kind != "dense"][-1]
    changed = {name: value.copy() for name, value in weights.items()}
    if off.unit is not None:
        if not 1 <= off.unit <= layer.units:
            raise _refused("off.unit", f"a unit from 1 to {layer.units}")
        unit = off.unit - 1
        changed[f"layer_{index}.R"][..., unit] = 0.0
        if index + 1 < len(layers):
            changed[f"layer_{index + 1}.kernel"][unit] = 0.0
        return changed
    count, gates = _GATES[layer.kind]
    found = gates.get(off.gate or "")
    if found is None:
        raise _refused("off.gate", f"one of its gates: {', '.join(gates)}" if gates else "a unit: it has no gates")
    place, value = found
    rows = slice(place * layer.units, (place + 1) * layer.units)
    for part in "WR":
        changed[f"layer_{index}.{part}"][0, rows] = 0.0
    bias = changed[f"layer_{index}.B"].reshape(2, count, layer.units)
    bias[:, place] = np.array([[_FAR if value else -_FAR], [0.0]])
    return changed


def _refused(where: str, expected: str) -> InvalidInput:
    return InvalidInput(f"expected {expected}", code="out_of_range", problems=(Problem(where, expected),))
