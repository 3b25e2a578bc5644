"""Smooth random functions: mixtures of Gaussian-process kernels, drawn by their spectra; periodic ones repeat."""

from __future__ import annotations

import numpy as np

from service.arrays import Floats
from training.tasks.series.blends import placed
from training.tasks.series.noise import Counts, Rng, column, happens, powers, shocks, sometimes, standard

_WAVES = 24


def draw(rng: Rng, season: Counts, second: Counts, steps: int) -> Floats:
    """A slow and a fast part (radial or rational-quadratic kernels), a periodic one that may fade or be multiplied."""
    count = len(season)
    slow = _spectral(rng, powers(rng, -0.3, 0.5, count) * steps, steps)
    fast = _spectral(rng, powers(rng, 0.3, 1.6, count), steps)
    periodic = _periodic(rng, season, steps) * column(season > 1)
    # Quasi-periodic: the pattern's size follows a slow course of its own.
    size = np.exp(
        column(sometimes(rng, 0.4, rng.uniform(0.2, 0.8, count))) * _spectral(rng, np.full(count, steps / 2.0), steps)
    )
    weights = rng.gamma(0.6, size=(4, count)) + 1e-3
    weights /= weights.sum(axis=0)
    noise = shocks(rng, count, steps) * column(powers(rng, -2.0, 0.0, count))
    line = np.linspace(-1.7, 1.7, steps) * column(rng.standard_normal(count))
    total = column(weights[0]) * slow + column(weights[1]) * fast + column(weights[3]) * line
    times = happens(rng, 0.25, count)
    season_part = column(weights[2]) * periodic * size * np.where(times, 1.0 + 0.5 * slow, 1.0)
    return placed(rng, 1.5 * (total + season_part + 0.4 * noise))


def _spectral(rng: Rng, length: Floats, steps: int) -> Floats:
    """Stationary Gaussian processes of unit size with length scales ``length`` [count], by random Fourier features."""
    count = len(length)
    # A Gamma-distributed scale turns the radial kernel's spectrum into that of the rational-quadratic kernel.
    mixed = np.where(happens(rng, 0.5, count), np.sqrt(rng.gamma(1.0, 1.0, (count, _WAVES))), 1.0)
    frequency = rng.standard_normal((count, _WAVES)) * mixed / column(length)
    phase = rng.uniform(0.0, 2.0 * np.pi, (count, _WAVES))
    step = np.arange(steps)
    total = np.zeros((count, steps))
    for wave in range(_WAVES):
        total += np.cos(column(frequency[:, wave]) * step + column(phase[:, wave]))
    unit: Floats = total * np.sqrt(2.0 / _WAVES)
    return unit


def _periodic(rng: Rng, season: Counts, steps: int) -> Floats:
    """Gaussian processes with the periodic kernel: waves at multiples of the season's frequency, of falling size."""
    count = len(season)
    width = powers(rng, -0.6, 0.3, count)
    step = np.arange(steps)
    total = np.zeros((count, steps))
    for wave in range(1, 9):
        size = np.exp(-0.5 * (wave * width) ** 2) * (wave <= np.maximum(season / 2.0, 1.0))
        angle = 2.0 * np.pi * wave * step / column(season)
        total += column(size * rng.standard_normal(count)) * np.cos(angle)
        total += column(size * rng.standard_normal(count)) * np.sin(angle)
    return standard(total)
