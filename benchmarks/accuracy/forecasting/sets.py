"""A set of real series: what is known, what came, and the season that scales errors and the one that is told.

Knows what files are called in the field's archives, and no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.arrays import Floats

# The season of a frequency, as the M4 competition and GluonTS count it, and the steps ahead that are asked where a
# file does not say. The letters are those of pandas.
SEASONS = {"yearly": 1, "quarterly": 4, "monthly": 12, "weekly": 1, "daily": 1, "hourly": 24, "half_hourly": 48}
HORIZONS = {"yearly": 6, "quarterly": 8, "monthly": 18, "weekly": 13, "daily": 14, "hourly": 48, "half_hourly": 60}

# These chose recipes and settings; whatever is not here chose nothing, and is kept for the end.
DEVELOPMENT = (
    "m3_yearly",
    "m3_quarterly",
    "m3_monthly",
    "m3_other",
    "tourism_monthly",
    "tourism_quarterly",
    "hospital",
    "m4_hourly",
    "m4_weekly",
    "m4_yearly_sample",
    "m4_daily_sample",
    "etth",
    "exchange_rate",
)
# Of the development sets, those that the geometric means are over.
AVERAGED = tuple(name for name in DEVELOPMENT if name != "m4_daily_sample")
# A year has 52 weeks, which the M4 competition's scale leaves out and any user of a forecast would say.
_TOLD = {"m4_weekly": 52}


@dataclass(frozen=True)
class SeriesSet:
    """``known`` and ``came`` are parallel: the values that a forecast sees, and the ``horizon`` values after them.

    ``season`` is that of the scale of MASE. Series with gaps are not among them; ``gaps`` counts those.
    """

    name: str
    season: int
    horizon: int
    ids: Sequence[str]
    known: Sequence[Floats]
    came: Sequence[Floats]
    gaps: int = 0

    @property
    def told(self) -> int:
        """The season that a forecaster is told."""
        return _TOLD.get(self.name, self.season)

    @property
    def is_final(self) -> bool:
        """Whether it is kept for the end: it chose nothing."""
        return self.name not in DEVELOPMENT


def collected(
    name: str, season: int, horizon: int, rows: Sequence[tuple[str, Sequence[float], Sequence[float]]]
) -> SeriesSet:
    """A set of ``rows`` of an id, the known values and those that came, without those that have gaps (NaN)."""
    arrays = [(each, np.asarray(known, np.float64), np.asarray(came, np.float64)) for each, known, came in rows]
    whole = [row for row in arrays if not (np.isnan(row[1]).any() or np.isnan(row[2]).any()) and len(row[1])]
    ids, known, came = zip(*whole, strict=True) if whole else ((), (), ())
    return SeriesSet(name, season, horizon, ids, known, came, len(arrays) - len(whole))
