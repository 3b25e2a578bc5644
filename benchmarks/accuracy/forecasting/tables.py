"""The exam's scores as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from benchmarks.accuracy.forecasting import published
from benchmarks.accuracy.forecasting.competition import Result
from benchmarks.accuracy.forecasting.scores import Score, geometric_mean
from benchmarks.accuracy.forecasting.sets import AVERAGED
from training.markdown import percent, table

_NONE = ""
# Who is run on all sets, so that others are comparable wherever they were run.
REFERENCE = "series-gru"
# Of a set fewer series than these say nothing, unless they are all.
FEWEST = 50
Found = Mapping[tuple[str, str], Score]


def by_place(found: Iterable[Score]) -> Found:
    """Scores by set and forecaster."""
    return {(each.dataset, each.forecaster): each for each in found}


def scores(found: Sequence[Score]) -> str:
    """A row for each set and forecaster, everything that is known of it."""
    head = ("set", "forecaster", "series", "MASE", "sMAPE", "WQL", "80 %", "95 %", "seconds")
    return table(head, [_row(each) for each in found])


def summary(found: Found) -> str:
    """A row a forecaster: means over those development sets on enough of which it was run."""
    head = ("forecaster", "sets", "MASE / seasonal naive's", f"MASE / `{REFERENCE}`'s, same sets",
            "WQL / seasonal naive's", "80 % hold", "95 % hold", "seconds for 1,000 series")  # fmt: skip
    rows = []
    for name in forecasters(found):
        own = enough(found, name)
        if not own:
            continue
        mase = geometric_mean([each.mase / each.naive_mase for each in own])
        beside = beside_reference(found, own)
        wql = geometric_mean([each.wql / each.naive_wql for each in own])
        rows.append((name, str(len(own)), f"{mase:.3f}", _NONE if beside is None else f"{beside:.3f}", f"{wql:.3f}",
                     _mean([each.inside_80 for each in own]), _mean([each.inside_95 for each in own]),
                     _seconds(own)))  # fmt: skip
    return table(head, rows)


def enough(found: Found, name: str) -> list[Score]:
    """The scores of ``name`` on those development sets of which it forecast enough series."""
    own = [found[each, name] for each in AVERAGED if (each, name) in found]
    return [each for each in own if each.series == each.of or each.series >= FEWEST]


def beside_reference(found: Found, own: Sequence[Score]) -> float | None:
    """The geometric mean of the relative MASE of ``own`` in units of the reference's on the same sets; None without."""
    others = [found.get((each.dataset, f"`{REFERENCE}`")) for each in own]
    pairs = [(each, other) for each, other in zip(own, others, strict=True) if other is not None]
    if not pairs or len(pairs) < len(own):
        return None
    return geometric_mean([each.mase / each.naive_mase / (its.mase / its.naive_mase) for each, its in pairs])


def mase(found: Found) -> str:
    """A row a set, a column a forecaster: those run here, then what is published."""
    here, sets = forecasters(found), datasets(found)
    others = [name for name in next(iter(published.MASE.values())) if not _has_run_all(found, name)]
    rows = []
    for each in sets:
        own = [_mase(found.get((each, name))) for name in here]
        told = published.MASE.get(each, {})
        rows.append((each, *own, *(f"{told[name]:.3f}" if name in told else _NONE for name in others)))
    return table(("set", *here, *(f"{name} (published)" for name in others)), rows)


def smape_of_m3(found: Found) -> str:
    """The sMAPE by kind, and over all 3,003 series, of those that forecast all of them."""
    rows = []
    for name in forecasters(found):
        own = [found.get((kind, name)) for kind in published.M3_KINDS]
        whole = [each for each in own if each is not None and each.series == each.of]
        if len(whole) == len(own):
            every = sum(each.smape * each.series for each in whole) / sum(each.series for each in whole)
            rows.append((name, *(f"{each.smape:.2f}" for each in whole), f"{every:.2f}"))
    rows += [(f"{who} (published)", *(f"{each:.2f}" for each in told)) for who, told in published.M3_SMAPE.items()]
    return table(("", "yearly", "quarterly", "monthly", "other", "all 3,003"), rows)


def m4(found: Found) -> str:
    """MASE and sMAPE on the sets of the M4 competition that have long seasons."""
    rows = []
    for each, told in published.M4.items():
        own = [(name, found[each, name]) for name in forecasters(found) if (each, name) in found]
        rows += [(each, name, _series(score), f"{score.mase:.3f}", f"{score.smape:.2f}") for name, score in own]
        rows += [(each, f"{who.who} (published)", _NONE, f"{who.mase:.3f}", f"{who.smape:.2f}") for who in told]
    return table(("set", "", "series", "MASE", "sMAPE"), rows)


def per_set(found: Found, cell: Callable[[Score], str]) -> str:
    """A row a set, a column a forecaster that was run here."""
    here = forecasters(found)
    rows = [
        (each, *(cell(found[each, name]) if (each, name) in found else _NONE for name in here))
        for each in datasets(found)
    ]
    return table(("set", *here), rows)


def inside(each: Score) -> str:
    """What the 80 and the 95 % intervals held."""
    if each.inside_80 is None or each.inside_95 is None:
        return "none"
    return f"{percent(each.inside_80)}, {percent(each.inside_95)}"


def seconds(each: Score) -> str:
    """For 1,000 series, and on how many of the set that was measured."""
    if not each.seconds:
        return _NONE
    return f"{'~' if each.contended else ''}{1000.0 * each.seconds / each.series:.3g} ({_series(each)})"


def forecasters(found: Found) -> list[str]:
    """Their names, in the order that they were first run in."""
    return list(dict.fromkeys(name for _, name in found))


def datasets(found: Found) -> list[str]:
    """Their names, in the order that they were first run in."""
    return list(dict.fromkeys(name for name, _ in found))


def competitions(found: Sequence[Result], untouched: Found | None = None) -> str:
    """A row a set: a general model trained on for it, beside the untouched one and what is published."""
    rows = []
    for each in found:
        score, before = each.score, (untouched or {}).get((each.score.dataset, f"`{each.start}`"))
        told = published.BEST.get(score.dataset, _NONE)
        rows.append((score.dataset, told, _both(before), each.start, " + ".join(each.ways), _both(score),
                     _mean([score.inside_80]), f"{each.seconds:,.0f}"))  # fmt: skip
    head = ("set", "the best published", "untouched", "start", "trained on", "then", "80 % hold", "seconds")
    return table(head, rows)


def _both(found: Score | None) -> str:
    return _NONE if found is None else f"{found.mase:.3f} / {found.smape:.2f}"


def _has_run_all(found: Found, name: str) -> bool:
    """Whether ``name`` was run on all series of every set of which something is published, which then says no more."""
    own = [found.get((each, name)) for each in datasets(found) if each in published.MASE]
    return all(each is not None and each.series == each.of for each in own)


def _row(each: Score) -> tuple[str, ...]:
    shares = ["-" if share is None else percent(share) for share in (each.inside_80, each.inside_95)]
    took = f"{'~' if each.contended else ''}{each.seconds:.3g}" if each.seconds else "-"
    return (each.dataset, each.forecaster, _series(each), f"{each.mase:.3f}", f"{each.smape:.2f}", f"{each.wql:.4f}",
            *shares, took)  # fmt: skip


def _mase(each: Score | None) -> str:
    if each is None:
        return _NONE
    return f"{each.mase:.3f}" if each.series == each.of else f"{each.mase:.3f} ({_series(each)})"


def _series(each: Score) -> str:
    return f"{each.series:,}" if each.series == each.of else f"{each.series:,} of {each.of:,}"


def _mean(shares: Sequence[float | None]) -> str:
    known = [share for share in shares if share is not None]
    return percent(sum(known) / len(known)) if known else "none"


def _seconds(own: Sequence[Score]) -> str:
    if not sum(each.seconds for each in own):
        return _NONE
    indicative = "~" if any(each.contended for each in own) else ""
    return f"{indicative}{1000.0 * sum(each.seconds for each in own) / sum(each.series for each in own):.3g}"
