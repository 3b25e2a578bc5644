"""The charts of what was measured, as small SVGs in the style of the project's other plots. Measures nothing."""

from __future__ import annotations

from typing import Any

from benchmarks.race import Standing, standings
from benchmarks.results import runs
from training.plots import COLOURS, INK, figure, svg


def race_chart(*contents: dict[str, Any]) -> bytes:
    """A bar for each contestant and number of connections: the ratio to the baseline, least and most as a whisker."""
    found: dict[str, list[Standing]] = {}
    for content in contents:
        for each in standings(runs(content["runs"]), content["baseline"]):
            if each.connections not in {known.connections for known in found.get(each.name, [])}:
                found.setdefault(each.name, []).append(each)
    names = sorted(found, key=lambda name: found[name][0].ratio)
    with figure(8.0, 1.0 + 0.42 * len(names)) as (drawn, (axes,)):
        width = 0.8 / max(map(len, found.values()))
        for row, name in enumerate(names):
            for place, each in enumerate(found[name]):
                middle = row + 0.4 - width * (place + 0.5)
                label = f"{each.connections} connections" if row == 0 else None
                axes.barh(middle, each.ratio, width * 0.9, color=COLOURS[place], label=label)
                axes.plot([each.least, each.most], [middle, middle], color=INK, linewidth=1.0)
        axes.axvline(1.0, color=INK, linewidth=1.0, linestyle="--")
        axes.set(xlabel="answers/s as a ratio to FastAPI's empty endpoint")
        axes.set_yticks(range(len(names)), [name.replace("`", "") for name in names])
        axes.grid(visible=False, axis="y")
        axes.legend(loc="lower right")
        return svg(drawn)


def growth_chart(latency: dict[str, Any]) -> bytes:
    """Latency over length and over batch in logarithms, each beside the straight line from its first point to its last.

    On these axes that is a bend: what each question costs anyway, then what each value costs.
    """
    with figure(8.0, 3.6, columns=2) as (drawn, axes):
        for place, (key, label) in enumerate((("lengths", "values of one sequence"), ("batches", "sequences of 16"))):
            points = {int(size): seconds * 1e3 for size, seconds in latency[key].items()}
            first, last = min(points), max(points)
            climb = (points[last] - points[first]) / (last - first)
            axes[place].loglog(list(points), list(points.values()), "o-", color=COLOURS[place], label="measured")
            line = [points[first] + climb * (size - first) for size in points]
            axes[place].loglog(list(points), line, "--", color=INK, linewidth=1.0, label="straight line")
            axes[place].set(xlabel=label, ylabel="milliseconds", ylim=(min(points.values()) / 3, None))
            axes[place].legend()
        return svg(drawn)
