"""How far forecasts were off: one definition for /backtest, the judge of own series and the forecasting exam. Pure.

MASE: Hyndman and Koehler, Another look at measures of forecast accuracy, 2006. sMAPE: the M4 competition's. Weighted
quantile loss: twice the pinball loss, summed over all steps, as a share of the summed magnitudes, averaged over the
quantiles; Park and others, GluonTS, 2020.
"""

from __future__ import annotations

import numpy as np

from service.arrays import Floats
from service.inference.scaling import unit_of


def naive_error(values: Floats, season: int = 1) -> float:
    """What MASE divides by: the mean absolute difference of ``values`` [timesteps] to those a ``season`` before.

    The differences of neighbours stand for it where there is no value a season before, or where those are all but
    equal. Never zero: NaN where nothing moves, since there is no unit to measure in.
    """
    magnitude = np.abs(values).max()
    if len(values) > season > 1:
        found = float(unit_of(np.abs(values[season:] - values[:-season]).mean(), magnitude))
        if not np.isnan(found):
            return found
    return float(unit_of(np.abs(np.diff(values)).mean() if len(values) > 1 else np.array(0.0), magnitude))


def relative_errors(truth: Floats, forecasts: Floats) -> Floats:
    """What sMAPE averages: 2 abs(x - f) / (abs(x) + abs(f)), 0 to 2, of any one shape; a zero foretold is no error.

    NaN where the truth is.
    """
    errors, size = np.abs(truth - forecasts), np.abs(truth) + np.abs(forecasts)
    shares: Floats = np.divide(errors, size, out=np.zeros_like(errors), where=size != 0.0)
    shares *= 2.0
    return shares


def coverage(truth: Floats, lower: Floats, upper: Floats) -> float | None:
    """The share of the true values inside their bounds, of those where all three are known; None where none is."""
    known = ~(np.isnan(truth) | np.isnan(lower) | np.isnan(upper))
    if not known.any():
        return None
    return float(np.mean((lower[known] <= truth[known]) & (truth[known] <= upper[known])))


def pinball(truth: Floats, quantiles: Floats, of: Floats) -> Floats:
    """The pinball loss of ``quantiles`` [..., Q], those ``of`` [Q] (between 0 and 1), where ``truth`` [...] came."""
    above = truth[..., None] - quantiles
    loss: Floats = np.maximum(of * above, (of - 1.0) * above)
    return loss


def weighted_quantile_loss(truth: Floats, quantiles: Floats, of: Floats) -> float:
    """The loss of ``quantiles`` [..., Q], those ``of`` [Q], as a share of the magnitude of ``truth`` [...].

    Steps whose truth is NaN do not count. NaN where all that came was zero.
    """
    losses = pinball(truth, quantiles, of)
    counted = ~np.isnan(truth)
    total = float(np.abs(truth[counted]).sum())
    return float(2.0 * losses[counted].sum(axis=0).mean() / total) if total > 0.0 else float("nan")
