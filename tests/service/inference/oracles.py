"""Slow and obvious versions of what inference computes, in plain Python and exact fractions."""

from __future__ import annotations

from fractions import Fraction
from statistics import fmean


def causal_scaling(values: list[float]) -> tuple[list[float], list[tuple[float, float]]]:
    """Scales and features, word by word: s_t is the mean absolute difference up to t."""
    scales: list[float] = []
    features: list[tuple[float, float]] = []
    for t in range(len(values)):
        differences = [abs(values[i] - values[i - 1]) for i in range(1, t + 1)]
        scale = fmean(differences) if differences else 0.0
        before = scales[-1] if scales else 0.0
        features.append(((values[t] - values[t - 1]) / scale, before / scale) if scale > 0 else (0.0, 0.0))
        scales.append(scale)
    return scales, features


def naive(values: list[Fraction]) -> Fraction:
    return values[-1]


def drift(values: list[Fraction]) -> Fraction:
    return values[-1] if len(values) < 2 else 2 * values[-1] - values[-2]


def line(values: list[Fraction]) -> Fraction:
    """Least squares through (0, x_0), (1, x_1) ... read at len(values)."""
    fitted = least_squares([[Fraction(1), Fraction(k)] for k in range(len(values))], values)
    return values[-1] if fitted is None else fitted[0] + fitted[1] * len(values)


def ar2(values: list[Fraction]) -> Fraction:
    """x_{t+1} = c + a x_t + b x_{t-1} by least squares; drift until it has one solution."""
    if len(values) < 5:
        return drift(values)
    rows = [[Fraction(1), values[t], values[t - 1]] for t in range(1, len(values) - 1)]
    fitted = least_squares(rows, values[2:])
    if fitted is None:
        return drift(values)
    return fitted[0] + fitted[1] * values[-1] + fitted[2] * values[-2]


RULES = {"naive": naive, "drift": drift, "line": line, "ar2": ar2}


def exact(values: list[float]) -> list[Fraction]:
    return [Fraction(value) for value in values]


def least_squares(rows: list[list[Fraction]], targets: list[Fraction]) -> list[Fraction] | None:
    """The one solution of the normal equations, None where there is none or more than one."""
    size = len(rows[0])
    table = [
        [sum((row[i] * row[j] for row in rows), Fraction(0)) for j in range(size)]
        + [sum((row[i] * target for row, target in zip(rows, targets, strict=True)), Fraction(0))]
        for i in range(size)
    ]
    for column in range(size):
        pivot = next((row for row in range(column, size) if table[row][column] != 0), None)
        if pivot is None:
            return None
        table[column], table[pivot] = table[pivot], table[column]
        table[column] = [entry / table[column][column] for entry in table[column]]
        for row in range(size):
            if row != column:
                factor = table[row][column]
                table[row] = [a - factor * b for a, b in zip(table[row], table[column], strict=True)]
    return [row[-1] for row in table]
