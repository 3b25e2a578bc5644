"""What others published on the same series, horizons and scales: figures to stand beside, with their sources. Data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

SOURCE = (
    "Published MASE: the authors' result tables of the zero-shot benchmark of Ansari and others, Chronos, 2024, and of "
    "Auer and others, TiRex, 2025; statistical methods are fitted to each series; the others have been trained on none "
    "of them. A blank: no figure, or trained on them."
)
# MASE by set. "m4_yearly" is all 23,000 series of the competition.
MASE: Mapping[str, Mapping[str, float]] = {
    "m3_yearly": {
        "AutoETS": 2.695, "AutoTheta": 2.610, "AutoARIMA": 2.890, "Chronos-Bolt tiny": 3.368,
        "Chronos-Bolt base": 2.906, "TimesFM 2": 2.822, "TiRex": 2.710,
    },
    "m3_quarterly": {
        "AutoETS": 1.144, "AutoTheta": 1.119, "AutoARIMA": 1.192, "Chronos-Bolt tiny": 1.365,
        "Chronos-Bolt base": 1.289, "TimesFM 2": 1.202, "TiRex": 1.154,
    },
    "m3_monthly": {
        "AutoETS": 0.863, "AutoTheta": 0.855, "AutoARIMA": 0.876, "Chronos-Bolt tiny": 0.874,
        "Chronos-Bolt base": 0.851, "TimesFM 2": 0.832, "TiRex": 0.831,
    },
    "tourism_quarterly": {
        "AutoETS": 1.599, "AutoTheta": 1.648, "AutoARIMA": 1.597, "Chronos-Bolt tiny": 2.095,
        "Chronos-Bolt base": 1.756, "TimesFM 2": 1.799, "TiRex": 1.606,
    },
    "tourism_monthly": {
        "AutoETS": 1.531, "AutoTheta": 1.666, "AutoARIMA": 1.483, "Chronos-Bolt tiny": 1.789,
        "Chronos-Bolt base": 1.528, "TimesFM 2": 1.622, "TiRex": 1.449,
    },
    "hospital": {
        "AutoETS": 0.770, "AutoTheta": 0.764, "AutoARIMA": 0.784, "Chronos-Bolt tiny": 0.804,
        "Chronos-Bolt base": 0.791, "TimesFM 2": 0.755, "TiRex": 0.763,
    },
    "etth": {
        "AutoETS": 1.136, "AutoTheta": 0.825, "AutoARIMA": 0.862, "Chronos-Bolt tiny": 0.794,
        "Chronos-Bolt base": 0.748, "TimesFM 2": 0.854, "TiRex": 0.804,
    },
    "exchange_rate": {
        "AutoETS": 1.643, "AutoTheta": 1.807, "AutoARIMA": 1.850, "Chronos-Bolt tiny": 1.686,
        "Chronos-Bolt base": 1.710, "TimesFM 2": 1.978, "TiRex": 2.399,
    },
    "m4_yearly": {
        "AutoETS": 3.086, "AutoTheta": 3.094, "AutoARIMA": 3.462, "Chronos-Bolt tiny": 3.712,
        "Chronos-Bolt base": 3.514, "TiRex": 3.430,
    },
}  # fmt: skip
# Parameters of the networks among them.
PARAMETERS: Mapping[str, int] = {
    "Chronos-Bolt tiny": 9_000_000,
    "TiRex": 35_000_000,
    "Chronos-Bolt base": 205_000_000,
    "TimesFM 2": 500_000_000,
}


class Competition(NamedTuple):
    """MASE and sMAPE (0 to 200) in a competition, the best of each column unless it says whose."""

    who: str
    mase: float
    smape: float


# The best MASE / sMAPE of methods that were fitted to the set, where each is published.
BEST_SOURCE = (
    "Published: for M4 the best of each column of the competition, for M3 N-BEATS' best ensemble. For tourism monthly "
    "the figure that was aimed at, as the best of the comparisons of global models (DeepAR there: 1.409); its table "
    "was looked for again and not found, so take it for no more than that."
)
BEST: Mapping[str, str] = {
    "m4_hourly": "0.819 / 9.33",
    "m4_weekly": "2.108 / 6.92",
    "m3_monthly": "- / 13.11",
    "tourism_monthly": "1.382 / -",
}

M4_SOURCE = "Makridakis, Spiliotis and Assimakopoulos, The M4 Competition, 2020."
M4: Mapping[str, tuple[Competition, ...]] = {
    "m4_hourly": (Competition("ES-RNN, the winner", 0.893, 9.33), Competition("best of each column", 0.819, 9.33)),
    "m4_weekly": (Competition("best of each column", 2.108, 6.92),),
}

M3_SOURCE = "Makridakis and Hibon, The M3-Competition, 2000; Oreshkin and others, N-BEATS, 2020, trained on M3."
# sMAPE on yearly, quarterly, monthly, other and all 3,003 series.
M3_KINDS = ("m3_yearly", "m3_quarterly", "m3_monthly", "m3_other")
M3_SMAPE: Mapping[str, tuple[float, float, float, float, float]] = {
    "Theta, the winner": (16.90, 8.96, 13.85, 4.41, 13.01),
    "N-BEATS, best ensemble": (15.93, 8.84, 13.11, 4.24, 12.37),
}
