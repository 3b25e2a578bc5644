"""What every task hands to the trainer and to the evaluation; knows nothing of networks.

Random generators for training, validation, calibration and test are separate streams of one seed
(:func:`generator`), so that no draw made for one can appear in another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference import scaling

Purpose = Literal["training", "validation", "calibration", "test", "golden"]

_STREAMS: dict[Purpose, int] = {"training": 1, "validation": 2, "calibration": 3, "test": 4, "golden": 5}


# Streams are of their own for each purpose, so this seed meets no training data; and no trial that chose a recipe has
# used it.
TEST_SEED = 20_261_124


def generator(purpose: Purpose, seed: int) -> np.random.Generator:
    """The random stream of one purpose; streams of different purposes or seeds are independent."""
    return np.random.default_rng(np.random.SeedSequence([_STREAMS[purpose], seed]))


def log_uniform(rng: np.random.Generator, limits: tuple[float, float], count: int) -> Floats:
    """Draws [count] whose logarithm is uniform between ``limits``."""
    low, high = np.log(limits[0]), np.log(limits[1])
    return np.exp(rng.uniform(low, high, count))


class Batch(NamedTuple):
    """Float32 arrays of one batch, or of many when they carry a leading axis of training steps.

    ``inputs`` [..., sequences, timesteps, features]; ``targets`` [..., sequences, timesteps, 1]; ``weights``
    [..., sequences, timesteps], the share of each timestep's squared error in the loss. A batch for free-running
    training also has ``future`` [..., sequences, horizon], the values that follow minus the last one, and
    ``carried`` [..., sequences, 3]: the sum of absolute differences so far, their number, and the weight; both
    in units of the sequence's amplitude or step.
    """

    inputs: NDArray[np.float32]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    future: NDArray[np.float32] | None = None
    carried: NDArray[np.float32] | None = None


class Windows(NamedTuple):
    """A fixed data set: raw ``inputs`` float64 [windows, timesteps, features] and ``targets`` float64 [windows]."""

    inputs: Floats
    targets: Floats


class Series(NamedTuple):
    """Sequences to be continued, float64.

    ``observed`` and ``clean`` [sequences, timesteps + horizon] with and without noise, ``unit`` [sequences] (the
    amplitude of a sinusoid, the step of a line) and ``noise`` [sequences], its standard deviation in that unit.
    """

    observed: Floats
    clean: Floats
    unit: Floats
    noise: Floats


class TestSet(NamedTuple):
    """Ragged sequences, padded at the end with their last element, and what they must be answered with.

    ``inputs`` float64 [sequences, timesteps, 1 or 2], ``lengths`` int32 [sequences], ``truth`` and ``unit``
    float64 [sequences]; an error is divided by the unit.
    """

    name: str
    data: str
    unit_name: str
    inputs: Floats
    lengths: NDArray[np.int32]
    truth: Floats
    unit: Floats

    @property
    def sha256(self) -> str:
        """Digest of the numbers."""
        return digest((self.inputs, self.lengths, self.truth, self.unit))


class FreeRun(NamedTuple):
    """Series that a network is to continue on its own answers.

    ``observed`` [sequences, timesteps] is what it reads, ``truth`` [sequences, horizon] what follows, ``unit``
    [sequences] what an error is divided by.
    """

    name: str
    data: str
    unit_name: str
    observed: Floats
    truth: Floats
    unit: Floats


class Calibration(NamedTuple):
    """Noisy series, the first ``lengths`` [sequences] values of each to be read and those after to be foretold.

    ``described`` says in words what they are.
    """

    series: Series
    lengths: NDArray[np.int32]
    described: str


def digest(arrays: Iterable[NDArray[np.generic]]) -> str:
    """Hex SHA-256 of the bytes of ``arrays``, one after another."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def last_step(windows: Windows) -> Batch:
    """Windows as one batch in which only the answer after the last timestep counts."""
    count, timesteps, _ = windows.inputs.shape
    targets = np.zeros((count, timesteps, 1), np.float32)
    weights = np.zeros((count, timesteps), np.float32)
    targets[:, -1, 0] = windows.targets
    weights[:, -1] = 1.0
    return Batch(windows.inputs.astype(np.float32), targets, weights)


def next_values(series: Series, timesteps: int, importance: Floats) -> Batch:
    """Causally scaled inputs and, at every timestep, the clean next value as the target.

    The weight (s_t / unit)^2 turns the squared error of the network's output into that of the answer in units;
    ``importance`` [sequences, timesteps] multiplies it. Values beyond ``timesteps`` become the future.
    """
    observed = series.observed[:, :timesteps]
    features, scale = scaling.causal(observed)
    divisor = np.where(scale > 0.0, scale, 1.0)
    move = np.where(scale > 0.0, series.clean[:, 1 : timesteps + 1] - observed, 0.0)
    targets = (move / divisor)[..., None].astype(np.float32)
    unit = series.unit[:, None]
    weights = ((scale / unit) ** 2 * importance).astype(np.float32)
    if series.clean.shape[1] == timesteps + 1:
        return Batch(features, targets, weights)
    future = (series.clean[:, timesteps:] - observed[:, -1:]) / unit
    total = np.abs(np.diff(observed)).sum(axis=1) / series.unit
    carried = np.stack((total, np.full(len(total), timesteps - 1.0), importance[:, -1]), axis=-1)
    return Batch(features, targets, weights, future.astype(np.float32), carried.astype(np.float32))


def next_value_set(name: str, data: str, unit_name: str, series: Series, lengths: NDArray[np.int32]) -> TestSet:
    """A test set of next values: read the first ``lengths`` of each row, answer the clean value after them."""
    rows = [values[:length, None] for values, length in zip(series.observed, lengths, strict=True)]
    truth = series.clean[np.arange(len(lengths)), lengths]
    return TestSet(name, data, unit_name, padded(rows)[0], lengths, truth, series.unit)


def window_set(name: str, data: str, windows: Windows) -> TestSet:
    """A test set of whole windows, raw."""
    count, timesteps, _ = windows.inputs.shape
    lengths = np.full(count, timesteps, np.int32)
    return TestSet(name, data, "1", windows.inputs, lengths, windows.targets, np.ones(count))


def padded(rows: list[Floats]) -> tuple[Floats, NDArray[np.int32]]:
    """Ragged ``rows`` [timesteps, features] as one array, filled up with each row's last element; and lengths."""
    lengths = np.array([len(row) for row in rows], np.int32)
    longest = int(lengths.max())
    filled = [np.concatenate((row, np.repeat(row[-1:], longest - len(row), axis=0))) for row in rows]
    return np.stack(filled), lengths
