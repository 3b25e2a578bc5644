"""The published figures beside the runs, as Markdown; knows nothing of networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.classic.published import TASKS
from training.classic.settings import Ran
from training.markdown import number, table

_CALLED = {"simplernn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
_HEAD = ("task", "published", "source", "here", "weights", "seeds", "sequences at most", "needed",
         "wrong of those tested", "loss", "wall seconds: median")  # fmt: skip


def rendered(runs: Sequence[Ran]) -> str:
    """A row for each task and cell that was run; what was not run is not there."""
    rows = []
    for row in (row for rows in TASKS.values() for row in rows):
        for setting in row.settings:
            found = [
                run for run in runs if (run.label, run.cell, run.units) == (row.label, setting.cell, setting.units)
            ]
            if found:
                rows.append(
                    (
                        row.label,
                        row.published,
                        row.source,
                        f"{_CALLED[setting.cell]}({setting.units})",
                        *_cells(found, setting.sequences),
                    )
                )
    return table(_HEAD, rows)


def _cells(found: Sequence[Ran], most: int) -> tuple[str, ...]:
    needed = sorted(run.needed for run in found if run.needed is not None)
    reached = f"{', '.join(f'{each:,}' for each in needed) or '-'}"
    if len(needed) < len(found):
        reached += f" ({len(found) - len(needed)} of {len(found)} never)"
    return (
        f"{found[0].weights:,}",
        str(len(found)),
        f"{most:,}",
        reached,
        ", ".join(f"{run.wrong:,}" for run in found) + f" of {found[0].tested:,}",
        ", ".join(number(run.loss) for run in found if run.loss is not None) or "-",
        f"{np.median([run.seconds for run in found]):.0f}",
    )
