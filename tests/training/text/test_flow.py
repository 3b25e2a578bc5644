"""The gradient that is followed back while a network learns is that of the same cells in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from service.cards import Cell
from service.inference.cells import CELLS, State
from training.recipes import CELLS as NAMES
from training.tasks.base import generator
from training.tasks.recall import sentences
from training.text.recipes import RECIPES

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("cell", NAMES)
def test_it_is_what_the_cells_in_numpy_hand_back(cell: Cell) -> None:
    from training.text import graph
    from training.text.fitting import arrays
    from training.text.flow import flow
    from training.text.network import build

    recipe = replace(RECIPES[f"recall-{cell}"], units=6)
    network, task = build(recipe), recipe.source
    known = arrays(task, sentences(generator("golden", 0), 3, 8))
    weights = task.reading.load(graph.to_onnx(network, recipe)).weights()
    encoder, decoder = (CELLS[cell](*(weights[f"layer_{layer}.{part}"] for part in "WRB")) for layer in range(2))

    def loss(state: State, row: int) -> float:
        """Of what is written about a text, from the encoder's last state."""
        total = 0.0
        for told, right in zip(known.written[row], known.answer[row], strict=True):
            state = decoder.step(told, state).after
            attended = np.tanh(state[0] @ weights["attend.kernel"] + weights["attend.bias"])
            scores = attended @ weights["answer.kernel"] + weights["answer.bias"]
            total += right.sum() * np.log(np.exp(scores).sum()) - right @ scores
        return total

    norms = []
    for row in range(3):
        state, steps = encoder.start(), []
        for read in known.sequence[row]:
            steps.append(encoder.step(read, state))
            state = steps[-1].after
        carried = _differences(lambda moved, row=row: loss(moved, row), state)  # type: ignore[misc]
        for step in reversed(steps):
            whole = carried[-1]
            if cell == "lstm":  # the cell state is seen through the hidden one as well
                whole = whole + carried[0] * step.gates["output"] * (1.0 - np.tanh(step.after[1]) ** 2)
            norms.append(np.linalg.norm(whole))
            _, carried = encoder.back(step, carried)
    expected = np.reshape(norms, (3, -1)).mean(axis=0)
    assert flow(network, *known) == pytest.approx(expected, rel=1e-3)


def _differences(loss: Callable[[State], float], state: State) -> State:
    """The gradient of ``loss`` by each part of ``state``, by central differences."""
    gradient: list[Any] = []
    for place, part in enumerate(state):
        gradient.append(np.zeros_like(part))
        for unit in range(len(part)):
            step = np.zeros_like(part)
            step[unit] = 1e-5
            up, down = (loss((*state[:place], part + sign * step, *state[place + 1 :])) for sign in (1.0, -1.0))
            gradient[-1][unit] = (up - down) / 2e-5
    return tuple(gradient)
