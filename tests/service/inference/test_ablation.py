"""A unit or a gate switched off: against cells that lack it, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.errors import InvalidInput
from service.inference.ablation import Off
from service.inference.cells import GruCell, LstmCell, State, Step
from service.inference.engine import Engine
from service.inference.model import Model
from service.inference.padding import batches
from service.inference.readings.text.decoding import retold
from service.inference.readings.text.network import Read

SERIES = [float(value) for value in np.random.default_rng(3).normal(size=20).cumsum()]


class Lacking:
    """A cell in plain NumPy whose gate stands at ``value``."""

    def __init__(self, cell: LstmCell | GruCell, gate: str, value: float) -> None:
        self._cell, self._gate, self._value = cell, gate, value
        self.units = cell.units

    def start(self) -> State:
        return self._cell.start()

    def step(self, x: np.ndarray, state: State) -> Step:
        def gate(name: str, inner: np.ndarray) -> np.ndarray:
            return np.full_like(inner, self._value) if self._gate == name else 1.0 / (1.0 + np.exp(-inner))

        cell = self._cell
        inputs, states = cell._w @ x + cell._wb, cell._r @ state[0] + cell._rb
        if isinstance(cell, LstmCell):
            i, o, f, g = np.split(inputs + states, 4)
            kept = gate("forget", f) * state[1] + gate("input", i) * np.tanh(g)
            after: State = (gate("output", o) * np.tanh(kept), kept)
        else:
            (xz, xr, xg), (hz, hr, hg) = np.split(inputs, 3), np.split(states, 3)
            z, g = gate("update", xz + hz), np.tanh(xg + gate("reset", xr + hr) * hg)
            after = (z * state[0] + (1.0 - z) * g,)
        return Step(state, after, {})


@pytest.mark.parametrize(
    ("name", "gate", "value"),
    [
        *((name, gate, 1.0) for name in ("sine-lstm", "textbook-sine-lstm") for gate in ("forget", "input", "output")),
        ("sine-gru", "update", 0.0),
        ("sine-gru", "reset", 1.0),
        ("memory-gru", "reset", 1.0),
    ],
)
def test_a_gate_that_is_off_is_not_there(engine: Engine, name: str, gate: str, value: float) -> None:
    model = engine.catalog.get(name)
    sequence = [(float(k % 6), each) for k, each in enumerate(SERIES)] if name.startswith("memory") else SERIES
    found = engine.inspect(sequence, name, off=Off(None, gate))
    batch = next(batches([sequence]))
    unroller = model.reading.unroller(model.card.layers, model.weights())
    place = [k for k, layer in enumerate(model.card.layers) if layer.kind != "dense"][-1]
    unroller.layers[place] = Lacking(unroller.layers[place], gate, value)  # type: ignore[arg-type, call-overload]
    steps = unroller.forward(model.reading.seen(batch)[0, -model.reading.looks_back(len(sequence)) :])
    unroller = model.reading.unroller(model.card.layers, model.weights())
    changed = float(steps.outputs[-1]), float(unroller.forward(model.reading.seen(batch)[0]).outputs[-1])
    if name.startswith("sine"):  # of which the answer is the last value and so many scales of the sequence
        scale = (found.value - SERIES[-1]) / changed[1]
        assert found.without == pytest.approx(SERIES[-1] + scale * changed[0], rel=1e-4, abs=1e-4)
    else:
        assert found.without == pytest.approx(changed[0], abs=1e-5)
    assert found.without != pytest.approx(found.value, abs=1e-6)


def test_a_unit_that_is_off_is_read_by_nobody(engine: Engine) -> None:
    found = {unit: engine.inspect(SERIES, "textbook-compare-simplernn", off=Off(unit, None)) for unit in range(1, 11)}
    weights = engine.catalog.get("textbook-compare-simplernn").weights()
    w, r, b = (weights[f"layer_0.{part}"].astype(float) for part in "WRB")
    kernel, bias = weights["layer_1.kernel"].astype(float), weights["layer_1.bias"].astype(float)
    window = len(found[1].steps)
    for unit, each in found.items():
        mask, hidden = np.arange(10) != unit - 1, np.zeros(10)
        for value in SERIES[-window:]:
            hidden = np.tanh(w[0, :, 0] * value + r[0] @ (mask * hidden) + b[0, :10] + b[0, 10:])
        assert each.without == pytest.approx(float((mask * hidden) @ kernel[:, 0] + bias[0]), abs=1e-5)


def test_without_nothing_the_answer_is_whole(engine: Engine) -> None:
    assert engine.inspect(SERIES, "sine-gru").without is None


@pytest.mark.parametrize(
    ("name", "off", "said"),
    [
        ("sine-lstm", Off(None, "update"), "one of its gates: input, output, forget"),
        ("sine-simplernn", Off(None, "forget"), "it has no gates"),
        ("textbook-compare-gru", Off(11, None), "a unit from 1 to 10"),
        ("series-gru", Off(1, None), "whose whole answer is replayed"),
    ],
)
def test_what_the_network_has_not_cannot_be_switched_off(engine: Engine, name: str, off: Off, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        engine.inspect(SERIES, name, off=off)


TEXAS = f"born in texas . {'the sea is blue and ' * 12}. speaks"


@pytest.mark.parametrize(
    ("name", "text", "off"),
    [
        *(("recall-lstm", TEXAS, Off(None, gate)) for gate in ("forget", "input", "output")),
        ("recall-gru", TEXAS, Off(None, "update")),
        ("recall-gru", TEXAS, Off(7, None)),
        ("translate-date-gru", "3 Nov 26", Off(None, "reset")),
        ("translate-date-lstm", "3 Nov 26", Off(3, None)),
    ],
)
def test_of_a_model_that_writes_the_part_that_reads_is_switched_off(
    engine: Engine, name: str, text: str, off: Off
) -> None:
    found, model = engine.inspect(text, name, off=off), engine.catalog.get(name)
    reading: Any = model.reading
    seen = reading.seen(next(batches([text])))
    cell: Any = reading.unroller(model.card.layers, model.weights()).layers[0]
    there = np.arange(cell.units) != (off.unit or 0) - 1
    if off.gate is not None:
        cell = Lacking(cell, off.gate, 0.0 if off.gate == "update" else 1.0)
    state, memory, network = cell.start(), [], model.network
    for step in seen[0]:
        state = tuple(part * there for part in cell.step(step, state).after)
        memory.append(state[0])
    whole = network.read(seen, np.array([seen.shape[1]], np.int32))
    parts = dict(zip(whole.state, (part[None, None].astype(np.float32) for part in state), strict=True))
    read = Read(np.array([memory], np.float32), whole.mask, parts)
    assert found.without_output == written_from(model, read)
    told = np.array([reading.symbols_of(found.output)[: reading.longest + 1]])
    chances = np.take_along_axis(retold(network, read, told).chances, told[..., None], axis=2)
    assert found.without == pytest.approx(chances.sum(), abs=1e-4)
    assert found.without != pytest.approx(found.value, abs=1e-6)


def written_from(model: Model, read: Read) -> str:
    """The text that is likeliest symbol by symbol, each told to the network as soon as it is written."""
    reading: Any = model.reading
    symbols: list[int] = []
    while len(symbols) <= reading.longest and symbols[-1:] != [0]:
        told = retold(model.network, read, np.array([[*symbols, 0]]))
        symbols.append(int(told.chances[0, -1].argmax()))
    words = [reading.answers[symbol - 1] for symbol in symbols if symbol]
    return ("" if isinstance(reading.answers, str) else " ").join(words)


def test_without_its_update_gate_the_gru_forgets_texas(engine: Engine) -> None:
    found = engine.inspect(TEXAS, "recall-gru", off=Off(None, "update"))
    assert found.output == "english" != found.without_output
    assert engine.inspect("3 Nov 26", "translate-date-gru").without_output is None


def test_of_what_reads_a_text_only_what_is_there_can_be_switched_off(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="a unit from 1 to 64"):
        engine.inspect("3 Nov 26", "translate-date-gru", off=Off(65, None))
    with pytest.raises(InvalidInput, match="it has no gates"):
        engine.inspect(TEXAS, "recall-simplernn", off=Off(None, "forget"))
