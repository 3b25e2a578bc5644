"""Trains a general network on, from the weights that it has, by updates that somebody else judges; on any backend."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from training.general.fitting import TURN, optimizer_of, pinball
from training.general.network import HeadLearner, Learner
from training.general.recipes import Plan, Shape

Weights = list[np.ndarray[Any, Any]]
Part = Literal["head", "whole"]
_LEARNERS: dict[Part, Any] = {"head": HeadLearner, "whole": Learner}


class Drawn(NamedTuple):
    """One batch: what a part of the network reads, and ``truth`` [series, origins, horizons, 2] of ``Questions``.

    ``inputs`` are sequence, origins, asked and places for the whole network; for the head the recurrent states at the
    origins [series, origins, units] stand in the place of the first two.
    """

    inputs: tuple[NDArray[Any], ...]
    truth: NDArray[np.float32]


class Step(NamedTuple):
    """How far a network is: ``updates`` done, its mean ``loss`` since the step before, its weights.

    ``drawn`` is the state of what draws, as NumPy's generators have it.
    """

    updates: int
    loss: float
    weights: Weights
    drawn: dict[str, Any]


class Begun(NamedTuple):
    """Where to go on: ``updates`` done, the state of what draws, and what :meth:`Tuning.state` was then."""

    updates: int
    drawn: dict[str, Any]
    state: Weights


class Tuning:
    """One part of a network, compiled once and trained from any weights."""

    def __init__(self, network: Any, shape: Shape, plan: Plan, part: Part) -> None:
        """``network`` is of :func:`training.general.network.build`; its weights change."""
        self._network = network
        self._learner = _LEARNERS[part](network, shape)
        self._optimizer = optimizer_of(plan, self._learner)
        # The head is so small that compiling it would take longer than running it.
        self._learner.compile(self._optimizer, loss=pinball(shape.quantiles), jit_compile=part == "whole")

    def state(self) -> Weights:
        """All that further updates hang on, besides what is drawn for them."""
        return [ops.convert_to_numpy(each) for each in self._variables()]

    def steps(
        self,
        start: Weights,
        seed: int,
        draw: Callable[[np.random.Generator], Drawn],
        every: int,
        updates: int,
        begun: Begun | None = None,
    ) -> Iterator[Step]:
        """Train from ``start`` for so many ``updates`` of the plan, telling of the network after ``every`` so many.

        What ``draw`` draws hangs on ``seed`` alone. Batches of one shape are compiled once. What was ``begun`` goes on
        where it was, to the bit.
        """
        keras.utils.set_random_seed(seed)
        self._network.set_weights(start)
        self._optimizer.reset()
        rng = np.random.default_rng(np.random.SeedSequence([7, seed]))
        if begun is not None:
            rng.bit_generator.state = begun.drawn
            for variable, value in zip(self._variables(), begun.state, strict=True):
                variable.assign(value)
        losses: list[float] = []
        for done in range(1 if begun is None else begun.updates + 1, updates + 1):
            each = draw(rng)
            losses.append(float(self._learner.train_on_batch(each.inputs, each.truth)))
            if done % TURN == 0:
                self._optimizer.turn()
            if done % every == 0 or done == updates:
                drawn = dict(rng.bit_generator.state)
                yield Step(done, float(np.mean(losses)), self._network.get_weights(), drawn)
                losses = []

    def _variables(self) -> list[Any]:
        # Keras reports the mean loss since the network was compiled.
        return [*self._learner.trainable_variables, *self._optimizer.variables, *self._learner.metrics_variables]
