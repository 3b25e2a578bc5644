"""The exam's scores as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.accuracy.forecasting.scores import Score
from training.markdown import percent, table


def scores(found: Sequence[Score]) -> str:
    """A row for each set and forecaster."""
    head = ("set", "forecaster", "series", "MASE", "sMAPE", "WQL", "80 %", "95 %", "seconds")
    return table(head, [_row(each) for each in found])


def _row(each: Score) -> tuple[str, ...]:
    series = f"{each.series:,}" if each.series == each.of else f"{each.series:,} of {each.of:,}"
    inside = ["-" if share is None else percent(share) for share in (each.inside_80, each.inside_95)]
    seconds = f"{'~' if each.contended else ''}{each.seconds:.3g}" if each.seconds else "-"
    return (each.dataset, each.forecaster, series, f"{each.mase:.3f}", f"{each.smape:.2f}", f"{each.wql:.4f}",
            *inside, seconds)  # fmt: skip
