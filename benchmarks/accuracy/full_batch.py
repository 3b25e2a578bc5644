"""Float64 L-BFGS for the lecture's small full-batch problems: what its networks could have reached (S2, S3).

Starts from Keras' own initial weights. Loss and gradient over all windows are one XLA function of the flattened
weights; SciPy does the rest. Nocedal and Wright, Numerical Optimization, 2006, chapter 7.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from scipy.optimize import minimize

from service.arrays import Floats
from service.cards import Cell
from service.inference.readings import windows as raw
from training import architectures
from training.recipes import Recipe
from training.tasks.base import Windows

MEMORY_PAIRS = 50  # of L-BFGS: the weights are few, the valleys long
ROUND = 3_000  # evaluations before its memory of curvature is dropped and begun again


class Fitted(NamedTuple):
    """The training error reached, the network as a function of windows, evaluations and seconds spent."""

    loss: float
    answer: Callable[[Floats], Floats]
    evaluations: int
    seconds: float


def fit(cell: Cell, units: int, windows: Windows, seed: int, evaluations: int) -> Fitted:
    """Fit one recurrent layer and Dense(1) to raw ``windows`` until nothing improves or ``evaluations`` are used up."""
    keras.utils.set_random_seed(seed)
    reading = raw.Windows(window=windows.inputs.shape[1])
    model = architectures.build_float64(Recipe("full-batch", "linear", cell, "slide", (units,), (), reading=reading))
    variables = model.trainable_variables
    shapes = [tuple(variable.shape) for variable in variables]
    sizes = [int(np.prod(shape)) for shape in shapes]

    def outputs(weights: Any, inputs: Any) -> Any:
        parts = [tf.reshape(part, shape) for part, shape in zip(tf.split(weights, sizes), shapes, strict=True)]
        steps, _ = model.stateless_call(parts, model.non_trainable_variables, inputs)
        return steps[:, -1, 0]

    inputs, targets = tf.constant(windows.inputs), tf.constant(windows.targets)

    @tf.function(jit_compile=True, autograph=False)  # type: ignore[untyped-decorator]
    def loss_and_gradient(weights: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss = tf.reduce_mean((outputs(weights, inputs) - targets) ** 2)
        return loss, tape.gradient(loss, weights)

    def objective(weights: Floats) -> tuple[float, Floats]:
        loss, gradient = loss_and_gradient(tf.constant(weights))
        return float(loss), gradient.numpy()

    weights = np.concatenate([variable.numpy().ravel() for variable in variables])
    loss, _ = objective(weights)
    started, used = time.perf_counter(), 0
    options = {"maxcor": MEMORY_PAIRS, "maxiter": ROUND, "maxfun": ROUND, "maxls": 40, "ftol": 0, "gtol": 0}
    while used < evaluations:
        found = minimize(objective, weights, jac=True, method="L-BFGS-B", options=options)
        weights, used = found.x, used + found.nfev
        stuck, loss = found.fun > 0.99 * loss, found.fun
        if stuck:
            break
    final = tf.constant(weights)
    return Fitted(
        loss=float(loss),
        answer=lambda fresh: outputs(final, tf.constant(fresh)).numpy(),
        evaluations=used,
        seconds=time.perf_counter() - started,
    )
