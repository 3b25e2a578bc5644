"""What to beat, to tie with and to lose to a rule are called, and how near a tie is. Knows nothing else."""

from __future__ import annotations

from typing import Literal

Verdict = Literal["beats", "ties", "loses"]
VERDICTS: tuple[Verdict, ...] = ("ties", "beats", "loses")
# Differences below this share of the sequence's mean absolute difference S say nothing about a model.
TIE = 1e-3
