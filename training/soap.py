"""SOAP: Adam in the slowly turning eigenbasis of Shampoo's preconditioner, as a Keras optimizer.

Vyas et al. 2024, "SOAP: Improving and Stabilizing Shampoo using Adam". A weight matrix of [rows, columns] keeps
running means of G G^T and G^T G; its gradient is turned into their eigenvectors, where Adam's one step size per
coordinate fits far better than in the raw coordinates. The bases are refreshed outside the compiled loop, between
chunks, by one QR step in float64 (:meth:`Soap.turn`), which costs milliseconds.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf


class Soap(keras.optimizers.Optimizer):  # type: ignore[misc]
    """SOAP for the small matrices and vectors of a recurrent network; call :meth:`turn` between chunks."""

    def __init__(self, learning_rate: Any, beta_1: float = 0.95, beta_2: float = 0.95, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, 1e-12  # losses here are as small as 1e-7

    def build(self, variables: list[Any]) -> None:
        """Make the running means and the bases, identities at first."""
        super().build(variables)
        self._means = [self.add_variable_from_reference(each, "mean") for each in variables]
        self._squares = [self.add_variable_from_reference(each, "square") for each in variables]
        self._sides: list[list[tuple[tf.Variable, tf.Variable]]] = []
        for variable in variables:
            sizes = _matrix_shape(variable.shape)
            self._sides.append([(tf.Variable(tf.zeros((n, n))), tf.Variable(tf.eye(n))) for n in sizes])
        self._turned = False

    def reset(self) -> None:
        """Forget everything, as if just built, and keep what was compiled."""
        self.iterations.assign(0)
        for variable in (*self._means, *self._squares):
            variable.assign(tf.zeros_like(variable))
        for sides in self._sides:
            for moment, basis in sides:
                moment.assign(tf.zeros_like(moment))
                basis.assign(tf.eye(basis.shape[0]))
        self._turned = False

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One update of one variable."""
        index = self._get_variable_index(variable)
        (left, q_left), (right, q_right) = self._sides[index]
        step = tf.cast(self.iterations + 1, tf.float32)
        matrix = tf.reshape(gradient, (left.shape[0], right.shape[0]))
        left.assign(left + (1.0 - self.beta_2) * (tf.matmul(matrix, matrix, transpose_b=True) - left))
        right.assign(right + (1.0 - self.beta_2) * (tf.matmul(matrix, matrix, transpose_a=True) - right))
        mean, square = self._means[index], self._squares[index]
        mean.assign(mean + (1.0 - self.beta_1) * (gradient - mean))
        turned = tf.matmul(q_left, tf.matmul(matrix, q_right), transpose_a=True)
        square.assign(square + (1.0 - self.beta_2) * (tf.reshape(turned, gradient.shape) ** 2 - square))
        turned_mean = tf.matmul(q_left, tf.matmul(tf.reshape(mean, matrix.shape), q_right), transpose_a=True)
        variance = tf.reshape(square, matrix.shape) / (1.0 - self.beta_2**step)
        direction = turned_mean / (1.0 - self.beta_1**step) / (tf.sqrt(variance) + self.epsilon)
        move = tf.matmul(q_left, tf.matmul(direction, q_right, transpose_b=True))
        variable.assign(variable - learning_rate * tf.reshape(move, gradient.shape))

    def turn(self) -> None:
        """Bring the bases up to date: eigenvectors the first time, one step of orthogonal iteration after that."""
        for sides in self._sides:
            for moment, basis in sides:
                matrix = np.asarray(moment.numpy(), np.float64)
                if self._turned:
                    fresh, _ = np.linalg.qr(matrix @ np.asarray(basis.numpy(), np.float64))
                else:
                    fresh = np.linalg.eigh(matrix)[1][:, ::-1]
                basis.assign(fresh.astype(np.float32))
        self._turned = True


def _matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    return (1, shape[0]) if len(shape) == 1 else (shape[0], shape[1])
