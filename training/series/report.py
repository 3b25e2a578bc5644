"""The judgement for people: ``report.md`` with its plots, and the table on the terminal; judges nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.table import Table

from service.arrays import Floats
from service.cards import JudgedEntry, Level, ModelCard
from service.errors import to_install
from service.folders import read_folder
from service.inference.readings import reading_of
from service.levels import NAMES
from training import plots, terminal
from training.markdown import number, percent, table
from training.series import judge
from training.series.candidates import GENERAL
from training.series.chance import Difference
from training.series.measures import overall
from training.series.work import Assignment

Everyone = Mapping[str, Sequence[JudgedEntry]]
Apart = Mapping[str, Difference]
REPORT = "report.md"
_FANS = 4
_CHOICE = (
    "## Choice\n\nEach candidate that starts from nothing is trained from several seeds, its members averaged within "
    "one network; of each cell stands here the size and length that did best on the validation part. `{}` is the "
    "published general network that did best there, as it is or trained on. `{}` is chosen: the lowest of all, but a "
    "network from nothing, which the same origins told when to stop, must be lower than that by more than chance."
)
_CHANCE = (
    "### More than chance?\n\nThe error of `{}` beside that of each other, and bounds by a "
    "bootstrap over origins: of blocks twice as long as the horizon, or of whole series where there are twenty or more."
)
_WAYS = (
    "What became of `{}`: each way to take it further, and its MASE on the validation part. Ways are averaged, weight "
    "by weight, where that does better than the best of them; and forecasts with those of an autoregression that is "
    "solved on each series' own past, where that does better again."
)

_COVARIATES = (
    "## Covariates\n\n{}: their effects are taken off the series, a general network forecasts what is left, and the "
    "effects return. Each network was tried with them and without; `{}` is the one {}, which did best on the "
    "validation part. Cells from nothing and the rivals below know nothing of them."
)
_BROUGHT = (
    "What each brought on the hold-out: the same network with all of them, without this one (the effects of the others "
    "fitted anew), and with its entries in another order. Where the three are about the same it brought nothing."
)
_MANNERS = (
    "Effects are added to the series or multiply it, lie on straight lines or curves, and are drawn to zero by a "
    "ridge. Before the network was trained on what they leave:"
)


def write(work: Assignment, cards: Mapping[str, ModelCard], missing: Sequence[str], verdict: str, apart: Apart) -> Path:
    """Write ``report.md``, ``mase.svg`` and ``forecasts.svg`` below the run's folder; the first card is the chosen.

    ``apart`` says how far each of the others is from that on the hold-out.
    """
    first = next(iter(cards))
    everyone = ordered(cards)
    work.folder.mkdir(parents=True, exist_ok=True)
    for name, drawn in {
        "mase.svg": _by_horizon(everyone, first),
        "forecasts.svg": _forecasts(work, first, cards[first].lengths.trained[1]),
    }.items():
        (work.folder / name).write_bytes(plots.svg(drawn))
    path = work.folder / REPORT
    path.write_text(_render(work, cards, everyone, missing, verdict, apart))
    return path


def ordered(cards: Mapping[str, ModelCard]) -> Everyone:
    """Everyone's entries, networks and rivals, the lowest mean MASE first."""
    found: dict[str, list[JudgedEntry]] = {}
    for card in cards.values():
        if card.judged is not None:
            fresh: dict[str, list[JudgedEntry]] = {}
            for entry in card.judged.entries:
                fresh.setdefault(entry.name, []).append(entry)
            found |= fresh
    return dict(sorted(found.items(), key=lambda item: overall(tuple(item[1]))))


def terminal_table(everyone: Everyone, chosen: str) -> Table:
    """The judgement on the hold-out, means over all horizons."""
    head = ("on the hold-out", "MASE", "1 step", "sMAPE %", *(f"held by\n{level} %" for level in NAMES))
    return terminal.table(head, (_row(name, found) for name, found in everyone.items()), numbers=True, bold=chosen)


def without_intervals(cards: Mapping[str, ModelCard]) -> list[str]:
    """A sentence for each network that has no intervals, with the reason."""
    said = {name: card.no_intervals for name, card in cards.items() if not reading_of(card).spreads}
    return [f"{name} has no intervals: {reason}." for name, reason in said.items() if reason]


def _choice(name: str, card: ModelCard) -> tuple[str, ...]:
    recipe = card.training.recipe
    if "start" in recipe:
        beside = " + covariates" if "covariates" in recipe else ""
        return (
            f"`{name}`",
            f"{recipe['start']}{beside}: {' + '.join(recipe['ways'])}",
            "",
            str(card.lengths.trained[1]),
            number(recipe["validation_mase"]),
        )
    sizes = (str(recipe["members"]), str(card.layers[0].units // recipe["members"]), str(card.lengths.trained[1]))
    return (f"`{name}`", *sizes, number(recipe["validation_mase"]))


def _apart(name: str, found: Difference) -> tuple[str, ...]:
    if np.isnan(found.least):
        return name, f"{found.lower:.3f}", "", "too few origins to tell"
    return name, f"{found.lower:.3f}", f"{found.least:.3f} to {found.most:.3f}", "yes" if found.sure else "no"


def _ways(card: ModelCard) -> list[tuple[str, str]]:
    scores: dict[str, float] = card.training.recipe["ways_validation_mase"]
    return [(name, number(score)) for name, score in sorted(scores.items(), key=lambda each: each[1])]


def _covariates(work: Assignment, general: str, card: ModelCard) -> tuple[str, ...]:
    """What came of covariates, where there are any."""
    if work.panel.covariates is None:
        return ()
    rows = [(each.published, _with(each.covariates), number(work.score(each))) for each in work.starts()]
    recipe = card.training.recipe
    parts = [
        _COVARIATES.format(", ".join(work.panel.covariates.names), general, _with("covariates" in recipe)),
        table(("general network", "covariates", "validation MASE"), rows),
    ]
    if "covariates" in recipe:
        tried = sorted(recipe["manners_validation_mase"].items(), key=lambda each: each[1])
        brought = [
            (each["name"], *(number(each[key]) for key in ("with_it", "without", "shuffled")))
            for each in recipe["covariates"]
        ]
        parts += [
            _BROUGHT,
            table(("covariate", "MASE with it", "without it", "shuffled"), brought),
            _MANNERS,
            table(("effects", "validation MASE"), [(name, number(score)) for name, score in tried]),
        ]
    return tuple(parts)


def _with(covariates: bool) -> str:
    return "with" if covariates else "without"


def _row(name: str, found: Sequence[JudgedEntry]) -> list[str]:
    return [
        name,
        number(float(np.mean([each.mase for each in found]))),
        number(found[0].mase),
        percent(float(np.mean([each.smape for each in found]))),
        *(_held(found, level) for level in NAMES),
    ]


def _held(found: Sequence[JudgedEntry], level: Level) -> str:
    shares = [each.coverage[level] for each in found if each.coverage is not None]
    return percent(float(np.mean(shares))) if shares else ""


def _render(
    work: Assignment,
    cards: Mapping[str, ModelCard],
    everyone: Everyone,
    missing: Sequence[str],
    verdict: str,
    apart: Apart,
) -> str:
    first, judged = next(iter(cards)), next(iter(cards.values())).judged
    general = f"{work.name}-{GENERAL}"
    origins = judged.origins if judged else 0
    count = sum(len(each.values) for each in work.panel.series)
    horizons = range(1, work.split.horizon + 1)
    parts = [
        f"# {work.name}",
        verdict,
        f"{work.source}: {len(work.panel.series)} series, {count} values"
        + (f", in {work.panel.step}" if work.panel.step else "")
        + f". Season: {work.season or 'none'}. Split {work.split.describe()}.",
        "\n".join(f"- {repair}" for repair in work.panel.notes) or "No value was repaired.",
        _CHOICE.format(general, first),
        table(
            ("model", "members", "units each", "reads the last", "validation MASE"),
            [_choice(name, card) for name, card in cards.items()],
        ),
        _WAYS.format(cards[general].training.recipe["start"]),
        table(("way", "validation MASE"), _ways(cards[general])),
        *_covariates(work, general, cards[general]),
        f"## Judgement\n\n{origins} rolling origins in the hold-out, 1 to {work.split.horizon} steps ahead, means over "
        "the horizons. Everything was fitted once, before the hold-out: the networks as above, the rivals "
        "on all that precedes the hold-out."
        + (f" Not installed ({to_install('series')}): {', '.join(missing)}." if missing else ""),
        table(
            ("", "MASE", "one step", "sMAPE %", *(f"held by {level} %" for level in NAMES)),
            [_row(name, found) for name, found in everyone.items()],
        ),
        _CHANCE.format(first),
        table(
            ("beside", "MASE of the chosen is lower by", "95 % of resamples", "more than chance"),
            [_apart(name, apart[name]) for name in everyone if name in apart],
        ),
        "![MASE by horizon](mase.svg)\n\n![Forecasts from the hold-out](forecasts.svg)",
    ]
    if without := without_intervals(cards):
        parts.insert(-1, "\n".join(f"- {each}" for each in without))
    for title, pick in (("MASE", _mase), ("sMAPE %", _smape), ("Held by 80 %", _held_80)):
        rows = [[name, *(pick(each) for each in found)] for name, found in everyone.items()]
        kept = [row for row in rows if any(row[1:])]
        parts.append(f"### {title} by steps ahead\n\n" + table(("", *map(str, horizons)), kept))
    return "\n\n".join(parts) + "\n"


def _mase(entry: JudgedEntry) -> str:
    return number(entry.mase)


def _smape(entry: JudgedEntry) -> str:
    return percent(entry.smape)


def _held_80(entry: JudgedEntry) -> str:
    return "" if entry.coverage is None else percent(entry.coverage["80"])


def _by_horizon(everyone: Everyone, first: str) -> Figure:
    """MASE against steps ahead: the chosen network and the rivals, those far off cut away."""
    rivals = [name for name in everyone if name != first][: len(plots.COLOURS) - 1]
    with plots.figure() as (drawn, (axes,)):
        for name, colour in zip([first, *rivals], plots.COLOURS, strict=False):
            values = [each.mase for each in everyone[name]]
            axes.plot(
                range(1, len(values) + 1),
                values,
                "o-" if name == first else "--",
                color=colour,
                label=name,
                markersize=3,
            )
        axes.set(xlabel="steps ahead", ylabel="MASE", title="error on the hold-out")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        return drawn


def _forecasts(work: Assignment, first: str, length: int) -> Figure:
    """The end of one series with the chosen network's forecasts from a few origins of the hold-out."""
    folder = read_folder(work.out / first / "1")
    card, reading = folder.card, reading_of(folder.card)
    served = judge.Served(reading, reading.load(folder.onnx), length)
    everything = judge.holdout(work.panel, work.split)
    one = np.flatnonzero((everything.series == everything.series[0]) & ~np.isnan(everything.truth[:, -1]))
    rows = one[np.linspace(0, len(one) - 1, min(_FANS, len(one))).round().astype(int)]
    some = type(everything)(*(part[rows] for part in everything))
    made = served.forecasts(work.panel, work.split, some)
    if card.intervals is not None:
        quantiles: dict[Level, Floats] = {"80": np.array(card.intervals.quantiles["80"])}
        made = judge.bounded(made, served, work.panel, some, quantiles)
    bounds = made.bounds or {}
    series = work.panel.series[everything.series[0]]
    begin = max(0, int(some.at[0]) - 3 * work.split.horizon)
    with plots.figure(8.0, 3.4) as (drawn, (axes,)):
        shown = np.linspace(begin, len(series.values) - 1, min(600, len(series.values) - begin)).astype(int)
        axes.plot(shown, series.values[shown], color=plots.INK, linewidth=1.2, label="truth")
        for row, at in enumerate(some.at.tolist()):
            places = np.arange(at, at + work.split.horizon)
            axes.plot(places, made.values[row], color=plots.COLOURS[0], label=None if row else first)
            for lower, upper in [bounds[level] for level in ("80",) if level in bounds]:
                axes.fill_between(places, lower[row], upper[row], color=plots.COLOURS[0], alpha=0.2, linewidth=0)
        axes.set(
            xlabel="step",
            ylabel="value",
            title=f"{plots.plain(series.name)}: forecasts in the hold-out, 80 % intervals",
        )
        axes.legend(loc="upper left")
        return drawn
