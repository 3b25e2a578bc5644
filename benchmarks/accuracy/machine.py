"""Rows S10-S13: what arithmetic, chance and the clock do on a machine; from cards and stored runs only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.accuracy.rows import EVALUATE, NOT_RUN, REPRODUCE, TIMED, Row
from benchmarks.accuracy.run_store import WHOLE, Run, fingerprint_of_all
from service.folders import ModelFolder
from training.markdown import number
from training.registry import PUBLISHED


def rows(folders: Mapping[str, ModelFolder], named: Mapping[str, list[Run]]) -> Iterator[Row]:
    """The four rows."""
    found = [(key, run.numbers) for key, stored in named.items() if key.startswith("S10-") for run in stored]
    series = [numbers["of_scale"] for key, numbers in found if "memory" not in key]
    pairs = [numbers for key, numbers in found if "memory" in key]
    reached, verdict = NOT_RUN, ""
    if series and pairs:
        strict = max(numbers["of_scale"] for numbers in pairs)
        reached = f"{len(series)} series models {number(max(series))}; {len(pairs)} memory models {_of_pairs(pairs)}"
        kept = {"series": max(series) <= 1e-5, "memory": strict <= 1e-5}
        short = ", ".join(kind for kind, within in kept.items() if not within)
        verdict = f"**falls short: {short}**" if short else "goal met"
    yield Row(
        "S10",
        "ONNX against Keras, 1,000 random sequences a model: largest difference / max(answer, mean difference)",
        "<= 1e-5 (beyond: 1e-6)",
        reached,
        verdict,
        EVALUATE,
    )
    yield Row(
        "S11",
        "retraining with the same seed",
        "same metrics (beyond: same bits)",
        "same bits (a small recipe, trained twice)",
        "beyond",
        "`pytest tests/training -k to_the_bit`",
    )
    yield Row(
        "S12",
        "the slides' three fits against Keras' `fit`, compilation apart",
        ">= 10x (beyond: 50x)",
        _speed(named),
        _speed_verdict(named),
        REPRODUCE,
    )
    whole = _whole_training(folders, named)
    minutes = None if whole is None else whole["seconds"] / 60
    yield Row(
        "S13",
        "all published models from nothing, two at a time",
        "<= 30 min (beyond: 15)",
        NOT_RUN if whole is None else f"{minutes:.1f} min by the clock, {whole['jobs']} at a time",
        "" if minutes is None else "beyond" if minutes <= 15 else "goal met" if minutes <= 30 else "**falls short**",
        TIMED,
    )


def _whole_training(folders: Mapping[str, ModelFolder], named: Mapping[str, list[Run]]) -> Mapping[str, float] | None:
    count = next(iter(folders.values())).card.evaluations[0].sequences
    made_so = fingerprint_of_all(PUBLISHED.values(), count)
    return next((run.numbers for run in named.get(WHOLE, []) if run.fingerprint == made_so), None)


def _of_pairs(found: Sequence[Mapping[str, float]]) -> str:
    largest = {name: number(max(numbers[name] for numbers in found)) for name in found[0]}
    above, sequences = (sum(numbers[name] for numbers in found) for name in ("above", "sequences"))
    return (
        f"{largest['of_scale']} ({above} of {sequences:,} above 1e-5), and {largest['of_values']} of the window's "
        f"largest value; from the same weights in float64 ONNX is {largest['served_exact']} away, Keras itself "
        f"{largest['keras_exact']}"
    )


def _speed_verdict(named: Mapping[str, list[Run]]) -> str:
    ratios = [
        found[0].numbers["fit_seconds"] / found[0].numbers["loop_seconds"]
        for key, found in named.items()
        if key.startswith("S12-")
    ]
    if not ratios:
        return ""
    return "beyond" if min(ratios) >= 50 else "goal met" if min(ratios) >= 10 else "**falls short**"


def _speed(named: Mapping[str, list[Run]]) -> str:
    texts = []
    for key, found in named.items():
        if key.startswith("S12-"):
            numbers = found[0].numbers
            ratio = numbers["fit_seconds"] / numbers["loop_seconds"]
            label = key.removeprefix("S12-textbook-linear-simplernn-")
            spent = f"{numbers['loop_seconds']:.2g} s, compiling {numbers['compile_seconds']:.1f} s"
            texts.append(f"{label}: {ratio:.0f}x ({spent})")
    return ", ".join(texts) or NOT_RUN
