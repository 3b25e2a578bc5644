"""``python -m benchmarks.report``: publishes what was measured: JSON, charts, and "Cost" in docs/performance.md.

Every number of that section is written here from ``benchmarks/results/*.json``; a test holds it against them.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from benchmarks.charts import growth_chart, race_chart
from benchmarks.contestants import OURS, ROOT, RUNS, UNRECORDED, UNSYNCED
from benchmarks.growth.latency import BULK, slope
from benchmarks.race import standings
from benchmarks.results import PUBLISHED, read, runs

DOCUMENT = ROOT / "docs" / "performance.md"
FILES = ("bench", "record", "peers", "growth")
_SECTION = re.compile(r"(<!-- costs:begin -->\n).*?(<!-- costs:end -->)", re.DOTALL)
_LINE = 118
_MILLION = 1_000_000

Content = dict[str, Any]


def race_table(content: Content) -> str:
    """Markdown: rates as ratios to the baseline of the same round, and latency, by number of connections."""
    found = standings(runs(content["runs"]), content["baseline"])
    counts = list(dict.fromkeys(each.connections for each in found))
    heads = [f"{count} connections" for count in counts] + [f"p50, p99 at {counts[0]}"]
    lines = [_row([f"answers/s as a ratio to {content['baseline']}", *heads]), _row(["---"] * (len(heads) + 1))]
    for name in dict.fromkeys(each.name for each in found):
        by_count = {each.connections: each for each in found if each.name == name}
        first = by_count[counts[0]]
        if name == content["baseline"]:
            cells = [f"1 ({by_count[count].rate:,.0f}/s)" for count in counts]
        else:
            cells = [_ratio(by_count[count].ratio, by_count[count].least, by_count[count].most) for count in counts]
        failed = sum(each.failed for each in by_count.values())
        refused = f", {failed:,} failed" if failed else ""
        lines.append(_row([name, *cells, f"{first.p50 * 1e3:.1f}, {first.p99 * 1e3:.1f} ms{refused}"]))
    lines += [_row([name, *(["left out"] * len(counts)), why]) for name, why in content.get("left_out", {}).items()]
    return "\n".join(lines)


def record_cost(content: Content) -> str:
    """What is left of `/predict` with its record on, in one sentence."""
    found = {each.name: each for each in standings(runs(content["runs"]), UNRECORDED.name)}
    connections = found[OURS.name].connections
    synced, unsynced = (
        _ratio(found[each.name].ratio, found[each.name].least, found[each.name].most) for each in (OURS, UNSYNCED)
    )
    return (
        f"At {connections} connections `/predict` reaches, of itself without a record, {synced} where its rows\n"
        f"are synced to disk (goal 0.8), {unsynced} where they are not (goal 0.9)."
    )


def growth_table(content: Content) -> str:
    """Markdown: how cost grows, a line for each thing that was measured."""
    lines = [_row(["what", "measured"]), _row(["---", "---"])]
    parts = {"latency": _latency, "forecasts": _forecasts, "streams": _streams, "log": _log, "workers": _workers}
    parts["start"] = _start
    for part, say in parts.items():
        if part in content:
            lines += [_row([what, measured]) for what, measured in say(content[part]).items()]
    return "\n".join(lines)


def section(contents: dict[str, Content]) -> str:
    """The section, from what is published under the names of ``FILES``."""
    bench = contents["bench"]
    blocks = [_said(bench, "with the server on one core and wrk on the other, contestants in turn:"), race_table(bench)]
    blocks.append(
        "Ratios are medians, least and most in brackets. Nobody but Unroll checks an answer or keeps a record."
    )
    blocks.append("![ratios to FastAPI's empty endpoint](../benchmarks/results/bench.svg)")
    if "record" in contents:
        record = contents["record"]
        blocks += [_said(record, "with servers up together and asked in turns of a second:"), record_cost(record)]
    if "peers" in contents:
        peers = contents["peers"]
        blocks += [_said(peers, "other frameworks serving the same ONNX file, in turn:"), race_table(peers)]
    if "growth" in contents:
        growth = contents["growth"]
        blocks += [_said(growth, "one service on its own"), growth_table(growth)]
        if "latency" in growth:
            blocks.append("![latency over length and batch](../benchmarks/results/growth.svg)")
    return "\n\n".join(blocks) + "\n"


def published() -> dict[str, Content]:
    """What is published, by name."""
    return {name: read(file) for name in FILES if (file := PUBLISHED / f"{name}.json").exists()}


def main() -> None:
    """Take over what ``runs/`` holds, draw it and write the document."""
    PUBLISHED.mkdir(exist_ok=True)
    for name in FILES:
        if (RUNS / f"{name}.json").exists():
            shutil.copy(RUNS / f"{name}.json", PUBLISHED / f"{name}.json")
    contents = published()
    (PUBLISHED / "bench.svg").write_bytes(
        race_chart(*(contents[name] for name in ("bench", "peers") if name in contents))
    )
    if "latency" in contents.get("growth", {}):
        (PUBLISHED / "growth.svg").write_bytes(growth_chart(contents["growth"]["latency"]))
    rewrite(DOCUMENT, contents)


def rewrite(document: Path, contents: dict[str, Content]) -> None:
    """Write the section between its marks."""
    text = document.read_text()
    document.write_text(_SECTION.sub(lambda found: found[1] + section(contents) + found[2], text))


def _said(content: Content, how: str) -> str:
    """When, where and how ``content`` was measured, in lines of the document's width."""
    machine = content["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    turns = f" {content['rounds']} rounds of {content['seconds']} s each" if "rounds" in content else ""
    words = (
        f"`{machine['command']}` on {machine['date']}, {machine['cores']} cores ({machine['processor']}), "
        f"{how}{turns}; {versions}."
    )
    lines = [""]
    for word in words.split(" "):
        if len(lines[-1]) + len(word) >= _LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def _latency(part: Content) -> dict[str, str]:
    lengths = {int(size): seconds for size, seconds in part["lengths"].items()}
    batches = {int(size): seconds for size, seconds in part["batches"].items()}
    longest, largest = max(lengths), max(batches)
    alone = ", ".join(f"{asked} {seconds * 1e3:.2f} ms" for asked, seconds in part["endpoints"].items())
    bulk = {way: f"{rate:,.0f}" for way, rate in part["bulk"].items()}
    return {
        "one client, one question at a time": f"{alone}, FastAPI's empty endpoint {part['empty'] * 1e3:.2f} ms",
        f"one sequence of 16 to {longest:,} values": (
            f"{lengths[min(lengths)] * 1e3:.2f} to {lengths[longest] * 1e3:,.0f} ms; at the end time grows as "
            f"length^{slope(lengths):.2f}"
        ),
        f"1 to {largest:,} sequences of 16 values": (
            f"{batches[min(batches)] * 1e3:.2f} to {batches[largest] * 1e3:,.0f} ms; as batch^{slope(batches):.2f}"
        ),
        f"one request with {BULK:,} sequences of 16 values, checks included": (
            f"{bulk['json']} sequences/s as JSON, {bulk['v2 binary']} as v2 binary tensors, "
            f"{bulk['engine']} in the engine alone"
        ),
    }


def _forecasts(part: Content) -> dict[str, str]:
    return {
        f"a forecast of {row['values']} values, {row['horizon']} steps, with its record, in the engine"
        + (f", of {row['series']} together" if row["series"] > 1 else ""): (
            f"{row['named'] * 1e3:.2f} ms of `series-gru`, {row['unnamed'] * 1e3:.2f} ms with no model named "
            f"({part['date']})"
        )
        for row in part["rows"]
    }


def _streams(part: Content) -> dict[str, str]:
    found = {
        f"{part['live']:,} live streams, window {window}, 64 to a request, four requests at a time, a value each": (
            f"{each['values']:,.0f} values/s, checked, flagged and synced; a stream alone "
            f"{each['one'] / each['predict']:.2f} of `/predict` on as many values; after a rebuild "
            f"{each['rebuilt_p50'] * 1e3:.1f} ms, p99 {each['rebuilt_p99'] * 1e3:.1f} ms"
        )
        for window, each in part["windows"].items()
    }
    idle = part["idle"]
    more = (idle["bytes"] - idle["empty"]) / _MILLION
    found[f"{idle['streams']:,} idle streams"] = f"{more:+.0f} MB; a page of 100, p99 {idle['page_p99'] * 1e3:.1f} ms"
    return found


def _log(part: Content) -> dict[str, str]:
    ratios = ", ".join(f"{_ratio(*ratio)} at {count} connections" for count, ratio in part["ratios"].items())
    return {f"answers/s with {part['rows']:,} rows on record ({part['bytes'] / 1e9:.1f} GB) beside a new log": ratios}


def _workers(part: Content) -> dict[str, str]:
    asked = {connections: found for connections, found in part.items() if connections != "runs"}
    counts = [count for count in next(iter(asked.values()))["ratios"] if count != "1"]
    return {
        f"answers/s of {count} workers beside one, on two cores that wrk shares": "; ".join(
            f"{_ratio(*found['ratios'][count])} at {connections} connections, where wrk took "
            f"{found['load_cores'][count]:.2f} of a core ({found['load_cores']['1']:.2f} beside one worker) and p99 is "
            f"{found['tails'][count]:.1f} x p50"
            for connections, found in asked.items()
        )
        for count in counts
    }


def _start(part: Content) -> dict[str, str]:
    seconds, resident, further = part["seconds"], part["resident"] / _MILLION, part["further"] / _MILLION
    return {
        "start to ready with all published models": (
            f"{seconds['kept']:.2f} s; {seconds['new']:.2f} s with a log that must be made first; FastAPI's empty "
            f"endpoint {seconds['empty']:.2f} s"
        ),
        "memory": (
            f"{resident:.0f} MB resident; each further worker {further:.0f} MB; FastAPI's empty endpoint "
            f"{part['empty'] / _MILLION:.0f} MB"
        ),
    }


def _ratio(middle: float, least: float, most: float) -> str:
    digits = 2 if middle >= 0.1 else 3 if middle >= 0.01 else 4
    return f"{middle:.{digits}f} ({least:.{digits}f}-{most:.{digits}f})"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
