"""Lines and waves are answered without a model's name as well as the networks that were trained on them answer them."""

from __future__ import annotations

import numpy as np

from service.inference.engine import Engine
from service.inference.sequences import Sequence


def test_a_line_is_continued_to_a_thousandth_of_its_step(engine: Engine) -> None:
    rng = np.random.default_rng(4)
    sequences: list[Sequence] = []
    truth, steps = [], []
    for length in rng.integers(3, 201, 150).tolist():
        start, step = rng.uniform(-1e6, 1e6), 10.0 ** rng.uniform(-1.0, 3.0) * rng.choice([-1.0, 1.0])
        sequences.append((start + step * np.arange(length)).tolist())
        truth.append(start + step * length)
        steps.append(abs(step))
    off = np.array([each.value for each in engine.predict(sequences)]) - truth
    assert np.sqrt(np.mean((off / steps) ** 2)) <= 1e-3


def test_a_wave_is_continued_to_a_hundredth_of_its_amplitude(engine: Engine) -> None:
    rng = np.random.default_rng(5)
    sequences: list[Sequence] = []
    truth, amplitudes = [], []
    while len(sequences) < 150:
        length, pace = int(rng.integers(16, 65)), rng.uniform(0.05, 1.0)
        if pace * length < 2.0 * np.pi / 3.0:
            continue
        amplitude, phase, offset = rng.uniform(0.1, 10.0), rng.uniform(0.0, 2.0 * np.pi), rng.uniform(-10.0, 10.0)
        wave = offset + amplitude * np.sin(pace * np.arange(length + 1) + phase)
        sequences.append(wave[:-1].tolist())
        truth.append(wave[-1])
        amplitudes.append(amplitude)
    off = np.array([each.value for each in engine.predict(sequences)]) - truth
    assert np.sqrt(np.mean((off / amplitudes) ** 2)) <= 1e-2


def test_a_wave_is_continued_for_a_hundred_steps(engine: Engine) -> None:
    phases = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)[:, None]
    waves = np.sin(0.25 * np.arange(132) + phases)
    found = np.array([each.values for each in engine.forecast(waves[:, :32].tolist(), 100)])
    assert np.sqrt(np.mean((found - waves[:, 32:]) ** 2)) <= 0.05
