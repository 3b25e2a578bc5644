"""Corrects a general network's answers linearly in what its last layer reads, in closed form; trains nothing.

The last layer is linear, so whatever is linear in what it reads, and in the places that it mixes, is another last layer
of the same shape: a corrected network is served like every other. Ridge regression of what the median misses, iterated
with the weights that make squares absolute errors (Schlossmacher 1973); it takes a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.finetuning.frozen import Said
from service.inference.finetuning.questions import Questions
from service.inference.readings.general.network import mixed

# Of the ridge, from which the best is to be chosen.
STRENGTHS = (1e-1, 1e-2, 1e-3, 1e-4)
_ROUNDS, _MOST = 6, 30_000
# Errors smaller than this share of a series' own seasonal error weigh no more than one of that size.
_LEAST_ERROR = 0.05
# Columns are measured in the reach of all but 1 % of them; what is further out counts as so many reaches.
_REACH, _FURTHEST = 0.99, 3.0


class Lesson(NamedTuple):
    """Questions whose answers came, one a row, float64: what the last layer reads, and what its median missed.

    ``thought`` [questions, head] and ``places`` [questions, places]; ``missed`` and ``weight`` [questions]: the truth
    less the median, in scales, and the inverse of the series' own seasonal error.
    """

    thought: Floats
    places: Floats
    missed: Floats
    weight: Floats


class Correction(NamedTuple):
    """What is added to the last layer: ``kernel`` [head] and ``bias`` to every level, ``shares`` [places] to places."""

    kernel: Floats
    bias: float
    shares: Floats

    def applied(
        self, kernel: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The corrected last layer, of its ``kernel`` [head, levels + places] and its ``bias``."""
        levels = len(bias) - len(self.shares)
        changed, constant = kernel.astype(np.float64), bias.astype(np.float64)
        changed[:, :levels] += self.kernel[:, None]
        constant[:levels] += self.bias
        constant[levels:] += self.shares
        return changed.astype(np.float32), constant.astype(np.float32)


def lesson(asked: Sequence[Questions], said: Sequence[Said], median: int) -> Lesson:
    """What there is to be learnt from what a network ``said`` of questions; its level ``median`` is the point."""
    parts = []
    for each, its in zip(asked, said, strict=True):
        places = each.places.reshape(len(its.answer), -1)
        missed = each.truth[..., 0].ravel() - mixed(its.answer.astype(np.float64), places)[:, median]
        weight = each.truth[..., 1].ravel().astype(np.float64)
        counted = weight > 0.0
        whole = (its.thought.astype(np.float64), places.astype(np.float64), missed, weight)
        parts.append(Lesson(*(part[counted] for part in whole)))
    return Lesson(*map(np.concatenate, zip(*parts, strict=True)))


def correction(found: Lesson, strength: float) -> Correction:
    """The least absolute errors that a ridge of that ``strength`` allows, over at most 30,000 of the questions."""
    found = Lesson(*(part[:: 1 + len(part) // _MOST] for part in found))
    columns = np.concatenate((found.thought, found.places), axis=1)
    # Places of a series that has leapt are far from all others: they must not decide alone.
    reach = np.maximum(np.quantile(np.abs(columns), _REACH, axis=0), 1e-9)
    columns = np.clip(columns / reach, -_FURTHEST, _FURTHEST)
    columns = np.concatenate((columns, np.ones((len(columns), 1))), axis=1)
    ridge: Floats = strength * np.eye(columns.shape[1])
    solved: Floats = np.zeros(columns.shape[1])
    for _ in range(_ROUNDS):
        left = np.abs(found.missed - columns @ solved) * found.weight
        turned = columns.T * (found.weight / np.maximum(left, _LEAST_ERROR) / len(columns))
        solved = np.asarray(np.linalg.solve(turned @ columns + ridge, turned @ found.missed), np.float64)
    slopes, head = solved[:-1] / reach, found.thought.shape[1]
    return Correction(slopes[:head], float(solved[-1]), slopes[head:])
