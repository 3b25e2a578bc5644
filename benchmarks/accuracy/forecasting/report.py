"""Renders docs/accuracy.md and its plots from the kept scores; forecasts nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.accuracy.forecasting import published, tables
from benchmarks.accuracy.forecasting.competition import COMPETITIONS, results
from benchmarks.accuracy.forecasting.exam import SCORES, scores
from benchmarks.accuracy.forecasting.scores import Score, geometric_mean
from benchmarks.accuracy.forecasting.sets import AVERAGED, DEVELOPMENT
from training.plots import COLOURS, INK, figure, svg

PLOTS = SCORES.parent
_LINE_APART = 0.009  # of two labels, in units of the axis

# What is measured and how, in words: the only part that is written by hand.
PREFACE = Path(__file__).with_name("preface.md")


# How the rows of what was trained on came to be.
_TRAINED_ON = (
    "`python -m benchmarks.accuracy competition --data DIR --sets SET`: the general models trained on for all series "
    "of a set at once ([own-series.md](own-series.md)). The train part trains; its last horizon chooses the start and "
    "the ways, and is then trained on too; the test part was asked for once. MASE / sMAPE; seconds are the wall clock "
    "of training, on a machine that others used too."
)


def write(document: Path, kept: Sequence[Score]) -> list[Path]:
    """Write the document and its plots; the files written."""
    written = [document]
    for name, drawn in drawings(kept).items():
        path = PLOTS / f"forecasting-{name}.svg"
        path.write_bytes(svg(drawn))
        written.append(path)
    document.write_text(render(kept))
    return written


def render(kept: Sequence[Score]) -> str:
    """docs/accuracy.md."""
    found = tables.by_place(each for each in kept if each.dataset in DEVELOPMENT)
    final = [each for each in kept if each.dataset not in DEVELOPMENT]
    parts = [
        PREFACE.read_text().strip(),
        "## Over all sets",
        _MEANS,
        tables.summary(found),
        *(f"![{name}](../benchmarks/results/forecasting-{name}.svg)" for name in drawings(kept)),
        "## MASE, set by set",
        tables.mase(found),
        published.SOURCE,
        "## M3: sMAPE by kind",
        tables.smape_of_m3(found),
        published.M3_SOURCE,
        "## M4: long seasons",
        tables.m4(found),
        published.M4_SOURCE,
        *_trained_on(found),
        "## Quantiles and intervals",
        "WQL:",
        tables.per_set(found, lambda each: f"{each.wql:.4f}"),
        "What 80 % and 95 % intervals held:",
        tables.per_set(found, tables.inside),
        "## Seconds for 1,000 series",
        tables.per_set(found, tables.seconds),
        "## Sets that chose nothing",
        tables.scores(final) if final else "They are run once, when recipe and settings stand (`--final`).",
    ]
    return "\n\n".join(parts) + "\n"


def _trained_on(found: tables.Found) -> list[str]:
    rows = results(COMPETITIONS)
    if not rows:
        return []
    return ["## Trained on, set by set", _TRAINED_ON, tables.competitions(rows, found), published.BEST_SOURCE]


_MEANS = """\
Geometric means over the sets on which each was run (m4_daily_sample is not among them); since those are not the same
for all, also beside `series-gru` on each one's own."""


def drawings(kept: Sequence[Score]) -> dict[str, Figure]:
    """The plots by name."""
    found = tables.by_place(kept)
    return {"seconds": against_seconds(found), "parameters": against_parameters(found)}


def against_seconds(found: tables.Found) -> Figure:
    """MASE in units of the reference's on the same sets against processor seconds for 1,000 series."""
    points: list[tuple[float, float, str]] = []
    with figure(7.0, 3.8) as (drawn, (axes,)):
        for name in tables.forecasters(found):
            own = tables.enough(found, name)
            beside = tables.beside_reference(found, own)
            if beside is None or not any(each.seconds for each in own):
                continue
            seconds = 1000.0 * sum(each.seconds for each in own) / sum(each.series for each in own)
            ours = name.startswith("`") or name == "the service"
            axes.semilogx(seconds, beside, "o", color=COLOURS[0] if ours else INK, markersize=8)
            points.append((beside, seconds, f"{name.replace('`', '')}, {len(own)} sets"))
        least = -math.inf
        for beside, seconds, label in sorted(points):  # labels of points side by side are moved apart
            least = max(beside, least + _LINE_APART)
            axes.annotate(label, (seconds, least), xytext=(8, -3), textcoords="offset points")
        axes.axhline(1.0, color=INK, linewidth=1.0, linestyle="--")
        axes.set(xlabel="processor seconds for 1,000 series", ylabel=f"MASE / {tables.REFERENCE}'s, same sets")
        axes.set_xlim(right=20.0 * axes.get_xlim()[1])
        return drawn


def against_parameters(found: tables.Found) -> Figure:
    """The same against parameters, over the sets on which the published networks have figures; peers are points."""
    naive = {each.dataset: each.naive_mase for each in found.values() if each.dataset in AVERAGED}
    common = [each for each in published.MASE if each in naive]
    with figure(7.0, 3.8) as (drawn, (axes,)):
        for name, count in published.PARAMETERS.items():
            if ratios := [published.MASE[each][name] / naive[each] for each in common if name in published.MASE[each]]:
                axes.semilogx(count, geometric_mean(ratios), "o", color=INK, markersize=7)
                axes.annotate(name, (count, geometric_mean(ratios)), xytext=(6, 4), textcoords="offset points")
        own = {name: [found[each, name] for each in common if (each, name) in found] for _, name in found}
        sized = {name: rows for name, rows in own.items() if len(rows) == len(common) > 0 and rows[0].parameters}
        for place, (name, rows) in enumerate(sized.items()):
            colour = COLOURS[place % len(COLOURS)]
            label = f"{name.replace('`', '')}, {rows[0].parameters:,}"
            axes.semilogx(rows[0].parameters, _ratio(rows), "o", color=colour, markersize=9, label=label)
        if sized:
            axes.legend()
        axes.axhline(1.0, color=INK, linewidth=1.0, linestyle="--")
        axes.set(xlabel="parameters", ylabel=f"MASE / seasonal naive's, {len(common)} sets", xlim=(1e4, 3e9))
        return drawn


def _ratio(own: Sequence[Score]) -> float:
    return geometric_mean([each.mase / each.naive_mase for each in own])


def kept() -> list[Score]:
    """The scores that documents show."""
    return scores(SCORES)
