"""Small, reproducible SVG plots that read on light and on dark backgrounds; knows no network."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from service.arrays import Floats
from service.printable import printable

# Mid-tones: a contrast of 3 or more against both white and near-black.
INK = "#7a7f87"
COLOURS = ("#2f7fd6", "#d9662b", "#2b9a66", "#a65fd0", "#b8860b")
POINTS = 300
_NAME = 60  # characters of a name in a title
_LEVELS = 4  # of ink in an image
SCATTERED = 120  # points of a scatter plot: 200 bytes of SVG each, two marks a point

_STYLE: Any = {
    "svg.hashsalt": "unroll",
    "svg.fonttype": "none",  # text stays text: small files, searchable
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "path.simplify": True,
}


def plain(text: str) -> str:
    """A name from a file as a title or label: short, printable, and its dollar signs no mathematics."""
    return printable(text, _NAME).replace("$", r"\$")


@contextmanager
def figure(width: float = 6.0, height: float = 3.6, columns: int = 1) -> Iterator[tuple[Figure, list[Any]]]:
    """A styled figure and its axes, side by side."""
    with mpl.rc_context(_STYLE):
        drawn = Figure(figsize=(width, height), layout="constrained")
        yield drawn, list(np.atleast_1d(drawn.subplots(1, columns)))


def svg(drawn: Figure) -> bytes:
    """The figure as SVG without a date, so that equal data give equal bytes."""
    buffer = io.BytesIO()
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # Text stays text, so it is the reader's fonts that must have its letters, not those of this machine.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        FigureCanvasSVG(drawn).print_svg(  # type: ignore[no-untyped-call]
            buffer, metadata={"Date": None, "Creator": "unroll"}
        )
    return b"\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + b"\n"


def thinned(values: Sequence[float], count: int = POINTS) -> list[float]:
    """At most ``count`` entries, evenly spaced, first and last kept."""
    if len(values) <= count:
        return list(values)
    return [values[index] for index in np.linspace(0, len(values) - 1, count).round().astype(int)]


def loss_curve(losses: Sequence[float], steps: int, title: str, loss: str = "training loss (weighted MSE)") -> Figure:
    """Training ``loss`` over updates, both axes from the data, loss in logarithms."""
    with figure() as (drawn, (axes,)):
        positions = np.linspace(steps / len(losses), steps, len(losses))
        axes.semilogy(thinned(positions.tolist()), thinned(losses), color=COLOURS[0], linewidth=1.2)
        axes.set(xlabel="weight updates", ylabel=loss, title=title)
        return drawn


def learning(shares: Mapping[str, Sequence[float]], examples: int, title: str) -> Figure:
    """Shares of right answers over the examples that were learnt from, ``examples`` at the end, a curve a name."""
    with figure() as (drawn, (axes,)):
        for colour, (name, curve) in zip(COLOURS, shares.items(), strict=False):
            positions = np.linspace(examples / len(curve), examples, len(curve))
            axes.plot(thinned(positions.tolist()), thinned(curve), color=colour, linewidth=1.2, label=name)
        axes.set(xlabel="examples", ylabel="share of right answers", ylim=(0.0, 1.02), title=title)
        axes.legend()
        return drawn


def images(rows: Mapping[str, Floats], names: Sequence[str], title: str, darkest: float) -> Figure:
    """Square images [len(names), pixels] beside each other, a row for each of ``rows``: squares as wide as the ink."""
    with mpl.rc_context(_STYLE):
        drawn = Figure(figsize=(6.0, 0.95 * len(rows) + 0.4), layout="constrained")
        for axes, (label, shown) in zip(
            drawn.subplots(len(rows), len(names), squeeze=False), rows.items(), strict=True
        ):
            axes[0].set_ylabel(label, fontsize=7)
            for place, name, image in zip(axes, names, shown, strict=True):
                side, levels = round(len(image) ** 0.5), np.rint(_LEVELS * image / darkest)
                for level in range(1, _LEVELS + 1):  # few sizes, so that the file stays small
                    (at,) = np.nonzero(levels == level)
                    size = 18.0 * (level / _LEVELS) ** 2
                    place.scatter(at % side, -(at // side), s=size, marker="s", color=COLOURS[0], linewidths=0)
                place.set(xticks=[], yticks=[], xlim=(-0.5, side - 0.5), ylim=(0.5 - side, 0.5), aspect="equal")
                place.grid(visible=False)
                place.set_title(name, fontsize=7)
        drawn.suptitle(title)
        return drawn


def fit(truth: Floats, answers: Mapping[str, Floats], title: str, unit: str) -> Figure:
    """Truth against answer, both [sequences], for the network and one rule, at most 120 points each."""
    with figure(4.6, 4.2) as (drawn, (axes,)):
        low, high = float(truth[:SCATTERED].min()), float(truth[:SCATTERED].max())
        axes.plot([low, high], [low, high], color=INK, linewidth=1.0, linestyle="--", label="exact")
        for colour, marker, (name, answer) in zip(COLOURS[1::-1], "xo", reversed(list(answers.items())), strict=False):
            axes.scatter(
                truth[:SCATTERED], answer[:SCATTERED], s=14 if marker == "o" else 18, marker=marker,
                color=colour, alpha=0.7, linewidths=0.9 if marker == "x" else 0, label=name,
            )  # fmt: skip
        axes.set(xlabel=f"truth ({unit})", ylabel=f"answer ({unit})", title=title)
        axes.legend()
        return drawn
