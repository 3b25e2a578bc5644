"""``python -m training train --series FILE``: from a file to served, judged models; imports no TensorFlow."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import pyarrow as pa
from rich.console import Console

from service import allocator
from service.cards import ModelCard
from service.errors import to_install
from training import jobs
from training.markdown import number
from training.recipes import CELLS
from training.series import chance, checks, covariates, files, report, stored, work
from training.series.candidates import GENERAL, Candidate, Start
from training.series.judge import Records, holdout
from training.series.options import wanted_of
from training.series.panel import Keep, Panel, SeriesError
from training.series.rivals import missing, rivals
from training.series.splits import Split, default_horizon
from training.terminal import name, say, written


def run(options: argparse.Namespace, console: Console) -> int:
    """Check, train, choose, judge, write and say how it went.

    Raises:
        SeriesError: the data cannot be used.
    """
    allocator.bound()  # or reading a large file would be held for as long as others train
    with stored.room(options.runs / options.name) as keep:
        assignment = assignment_of(options, console, keep)
        pa.default_memory_pool().release_unused()
        return _run(assignment, options, console)


def _run(assignment: work.Assignment, options: argparse.Namespace, console: Console) -> int:
    tried, starts = assignment.grid(), assignment.starts()
    # What takes longest first.
    others = _train_and_judge(assignment, [*starts, *tried], options.jobs, console)
    best = {f"{assignment.name}-{GENERAL}": assignment.best(starts)}
    for cell in assignment.cells:
        best[f"{assignment.name}-{cell}"] = assignment.best([each for each in tried if each.cell == cell])
    cards, records = _write(assignment, best, others, options.jobs, console)
    _conclude(assignment, cards, others | records, console)
    return 0


def assignment_of(options: argparse.Namespace, console: Console, keep: Keep = tuple) -> work.Assignment:
    """What the options ask for, the data read, checked and kept by ``keep``; says what was found and repaired.

    Series with covariates stay in memory: their effects are solved from all at once.
    """
    columns = tuple(dict.fromkeys(options.column))
    beside = wanted_of(options)
    paths = files.found(options.series)
    source = files.Source(paths, columns, options.id_column, options.time_column, beside.columns)
    raw, clock = files.read(source)
    keep = tuple if beside else keep
    mended = checks.mended(raw, clock, keep)
    horizon = options.horizon or default_horizon([len(each.values) for each in mended.series])
    split = Split(horizon, options.holdout)
    panel = checks.trainable(mended, split, keep)
    if beside:
        panel = covariates.prepared(panel, beside)
    season = _season_for(panel, options.season)
    count = sum(len(each.values) for each in panel.series)
    say(console, "", "", f"{source.title}: {len(panel.series)} series, {count} values")
    for repair in panel.repairs:
        say(console, "repaired", "yellow", repair)
    for left_out in panel.left_out:
        say(console, "left out", "yellow", left_out)
    spacing = f", in {panel.step}" if panel.step else ""
    say(console, "", "", f"horizon {horizon}, season {season or 'none'}{spacing}; split {split.describe()}")
    return work.Assignment(
        name=options.name,
        source=f"{source.title}, {', '.join(map(name, columns))}",
        panel=panel,
        split=split,
        season=season,
        seed=options.seed,
        steps=options.steps,
        cells=(options.cell,) if options.cell else CELLS,
        folder=options.runs / options.name,
        out=options.out,
    )


def _season_for(panel: Panel, wanted: int | None) -> int | None:
    """The season that was asked for, or that the time column suggests; None where there are not three of it."""
    longest = max(len(each.values) for each in panel.series)
    if wanted is not None and 3 * wanted > longest:
        raise SeriesError(f"a season of {wanted} needs at least {3 * wanted} values; the longest series has {longest}")
    season = panel.season if wanted is None else wanted
    return season if season is not None and 1 < season <= longest // 3 else None


def _train_and_judge(
    assignment: work.Assignment, wanted: Sequence[Candidate | Start], workers: jobs.Workers, console: Console
) -> Records:
    """Train those candidates that no earlier run has kept; the rivals' records on the hold-out."""
    fresh = [each for each in wanted if not assignment.stored(each).is_file()]
    if kept := len(wanted) - len(fresh):
        say(console, "", "", f"{kept} of {len(wanted)} candidates are trained already")
    names = list(rivals(assignment.season))
    records = {each: work.record_of(assignment, each) for each in names if assignment.judged(each).is_file()}
    names = [each for each in names if each not in records]
    asked = [jobs.Job(each.key, work.train_candidate, (assignment, each)) for each in fresh]
    asked += [jobs.Job(each, work.judge, (assignment, each)) for each in names]
    found = jobs.run(asked, workers, console)
    for each in names:
        if isinstance(found[each], str):
            say(console, "failed", "yellow", f"{each}: {found[each]}")
    return records | {each: found[each] for each in names if not isinstance(found[each], str)}


def _write(
    assignment: work.Assignment,
    best: dict[str, Candidate | Start],
    others: Records,
    workers: jobs.Workers,
    console: Console,
) -> tuple[dict[str, ModelCard], Records]:
    """The cards of the written models, the chosen one first, and what came on the hold-out."""
    made = [jobs.Job(each, work.write, (assignment, each, candidate, others)) for each, candidate in best.items()]
    written = jobs.run(made, workers, console)
    cards = {name: written[name].card for name in assignment.in_order(best)}
    records = {name: record for each in written.values() for name, record in each.records.items()}
    return cards, records


def _conclude(assignment: work.Assignment, cards: dict[str, ModelCard], records: Records, console: Console) -> None:
    first = next(iter(cards))
    verdict, won = verdict_on(first, cards[first])
    held, horizon = holdout(assignment.panel, assignment.split), assignment.split.horizon
    apart = {
        name: chance.difference(records[first].errors, each.errors, held, horizon)
        for name, each in records.items()
        if name != first
    }
    against = next(name for name in report.ordered(cards) if name != first)
    everyone = report.ordered(cards)
    console.print(report.terminal_table(everyone, first))
    if absent := missing():
        say(console, "not installed", "yellow", f"{', '.join(absent)}: {to_install('series')}")
    for each in report.without_intervals(cards):
        say(console, each, "yellow", "")
    say(console, verdict, "green" if won else "red", "")
    say(console, apart[against].in_words(first, against), "", "")
    path = report.write(assignment, cards, absent, verdict, apart)
    for made in (path, *(assignment.out / each for each in cards)):
        written(console, made)


def verdict_on(model: str, card: ModelCard) -> tuple[str, bool]:
    """What the hold-out says of the chosen network, in a sentence, and whether it beat the simple rules."""
    assert card.judged is not None  # noqa: S101  # every card of an own series is judged
    found: dict[str, list[float]] = {}
    for entry in card.judged.entries:
        found.setdefault(entry.name, []).append(entry.mase)
    means = {each: sum(values) / len(values) for each, values in found.items()}
    mine = means.pop(model)
    simple = {each: mean for each, mean in means.items() if each.startswith("rule:") or each == "seasonal naive"}
    rule = min(simple, key=simple.__getitem__)
    label = rule.removeprefix("rule:")
    if mine < simple[rule]:
        said = (
            f"{model}, chosen by validation, beats the best simple rule on the hold-out: MASE {_score(mine)} against "
        )
        said += f"{_score(simple[rule])} of {label}."
    else:
        said = (
            f"{model}, chosen by validation, does NOT beat the best simple rule on the hold-out: MASE {_score(mine)} "
        )
        said += f"against {_score(simple[rule])} of {label}. Use the rule."
    others = {each: mean for each, mean in means.items() if each not in simple}
    said += "".join(f" {each}: {_score(mean)}." for each, mean in sorted(others.items(), key=lambda item: item[1]))
    return said, mine < simple[rule]


def _score(mase: float) -> str:
    """Three digits after the point; of scores that are far off their power of ten."""
    return f"{mase:.3f}" if mase < 1000.0 else number(mase)
