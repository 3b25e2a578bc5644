"""SOAP: Adam in the slowly turning eigenbasis of Shampoo's preconditioner, as a Keras optimizer for any backend.

Vyas et al. 2024, "SOAP: Improving and Stabilizing Shampoo using Adam". A weight matrix of [rows, columns] keeps
running means of G G^T and G^T G; its gradient is turned into their eigenvectors, where Adam's one step size per
coordinate fits far better than in the raw coordinates. The bases are refreshed outside the compiled loop, between
chunks, by one QR step in float64 (:meth:`Soap.turn`), which costs milliseconds.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


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
        self._sides = [[self._side(size) for size in _matrix_shape(each.shape)] for each in variables]
        # 0 while the bases are identities still; a variable, so that it is saved with them.
        self._turned = self.add_variable((), initializer="zeros", name="turned")

    def _side(self, size: int) -> tuple[Any, Any]:
        moment = self.add_variable((size, size), initializer="zeros", name="moment")
        return moment, self.add_variable((size, size), initializer="identity", name="basis")

    def reset(self) -> None:
        """Forget everything, as if just built, and keep what was compiled."""
        for variable in (self.iterations, self._turned, *self._means, *self._squares):
            variable.assign(ops.zeros_like(variable))
        for sides in self._sides:
            for moment, basis in sides:
                moment.assign(ops.zeros_like(moment))
                basis.assign(np.eye(basis.shape[0], dtype=np.float32))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One update of one variable."""
        index = self._get_variable_index(variable)
        (left, q_left), (right, q_right) = self._sides[index]
        shape = (left.shape[0], right.shape[0])
        step = ops.cast(self.iterations + 1, "float32")
        gradient = ops.reshape(gradient, variable.shape)
        matrix = ops.reshape(gradient, shape)
        left.assign(left + (1.0 - self.beta_2) * (ops.matmul(matrix, ops.transpose(matrix)) - left))
        right.assign(right + (1.0 - self.beta_2) * (ops.matmul(ops.transpose(matrix), matrix) - right))
        mean, square = self._means[index], self._squares[index]
        mean.assign(mean + (1.0 - self.beta_1) * (gradient - mean))
        turned = ops.matmul(ops.transpose(q_left), ops.matmul(matrix, q_right))
        square.assign(square + (1.0 - self.beta_2) * (ops.reshape(turned, variable.shape) ** 2 - square))
        turned_mean = ops.matmul(ops.transpose(q_left), ops.matmul(ops.reshape(mean, shape), q_right))
        variance = ops.reshape(square, shape) / (1.0 - self.beta_2**step)
        direction = turned_mean / (1.0 - self.beta_1**step) / (ops.sqrt(variance) + self.epsilon)
        move = ops.matmul(q_left, ops.matmul(direction, ops.transpose(q_right)))
        variable.assign(variable - learning_rate * ops.reshape(move, variable.shape))

    def turn(self) -> None:
        """Bring the bases up to date: eigenvectors the first time, one step of orthogonal iteration after that."""
        before = bool(ops.convert_to_numpy(self._turned))
        for sides in self._sides:
            for moment, basis in sides:
                matrix = ops.convert_to_numpy(moment).astype(np.float64)
                if before:
                    fresh, _ = np.linalg.qr(matrix @ ops.convert_to_numpy(basis).astype(np.float64))
                else:
                    fresh = np.linalg.eigh(matrix)[1][:, ::-1]
                basis.assign(fresh.astype(np.float32))
        self._turned.assign(1.0)


def _matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    return (1, shape[0]) if len(shape) == 1 else (shape[0], shape[1])
