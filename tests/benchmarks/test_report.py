"""Tables, charts and the section of docs/performance.md are made of what was measured, and of nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import report
from benchmarks.charts import growth_chart, race_chart
from benchmarks.growth.latency import slope
from benchmarks.race import standings
from benchmarks.results import read, runs, stored, write
from tests.benchmarks import measurements


def test_a_ratio_is_to_the_baseline_of_the_same_round() -> None:
    ours = next(each for each in standings(measurements.runs(), "empty") if each.name == "ours")
    # 8000/10000, 4500/5000 (a slow minute for both), 7000/10000
    assert (ours.ratio, ours.least, ours.most) == (0.8, 0.7, 0.9)
    assert ours.rate == 7000.0


def test_the_table_has_a_line_for_each_contestant_with_medians_and_bounds() -> None:
    assert report.race_table(measurements.race()).splitlines() == [
        "| answers/s as a ratio to empty | 16 connections | 64 connections | p50, p99 at 16 |",
        "| --- | --- | --- | --- |",
        "| empty | 1 (10,000/s) | 1 (10,000/s) | 1.5, 3.0 ms |",
        "| ours | 0.80 (0.70-0.90) | 1.00 (1.00-1.05) | 2.0, 4.1 ms |",
    ]


def test_the_cost_of_the_record_is_told_beside_no_record() -> None:
    text = report.section({"bench": measurements.race(), "record": measurements.record()})
    said = " ".join(text.split())
    assert "`make bench-record` on 2026-01-02" in said
    assert "At 64 connections `/predict` reaches, of itself without a record, 0.80 (0.70-0.90) where" in said
    assert "0.85 (0.85-0.85) where they are not" in said
    assert max(len(line) for line in text.splitlines() if not line.startswith("|")) <= 120


def test_failed_answers_are_said_beside_the_contestant() -> None:
    measured = measurements.runs()
    measured["ours", 64] = [each.__class__(each.rate, each.p50, each.p99, 7) for each in measured["ours", 64]]
    assert "2.0, 4.1 ms, 21 failed |" in report.race_table(measurements.race(measured))


def test_whoever_was_left_out_is_said_with_the_reason() -> None:
    table = report.race_table({**measurements.race(), "left_out": {"pytriton": "needs Python 3.12"}})
    assert table.splitlines()[-1] == "| pytriton | left out | left out | needs Python 3.12 |"


def test_growth_says_every_part_that_was_measured() -> None:
    lines = report.growth_table(measurements.growth()).splitlines()[2:]
    said = dict(line.strip("| ").split(" | ") for line in lines)
    two_workers = "1.52 (1.40-1.60) at 64 connections, where wrk took 0.35 of a core (0.20 beside one worker)"
    two_workers += " and p99 is 3.5 x p50"
    in_bulk = "40,000 sequences/s as JSON, 120,000 as v2 binary tensors, 200,000 in the engine alone"
    alone = "`/predict` 0.40 ms, `/forecast` 2.50 ms, FastAPI's empty endpoint 0.20 ms"
    streams = "5,000 values/s, checked, flagged and synced; a stream alone 0.90 of `/predict` on as many values; "
    streams += "after a rebuild 2.0 ms, p99 4.1 ms"
    forecast = "a forecast of 36 values, 12 steps, with its record, in the engine"
    assert said == {
        "one client, one question at a time": alone,
        "one sequence of 16 to 100,000 values": "0.50 to 100 ms; at the end time grows as length^1.00",
        "1 to 10,000 sequences of 16 values": "0.50 to 200 ms; as batch^1.00",
        "one request with 1,024 sequences of 16 values, checks included": in_bulk,
        forecast: "3.00 ms of `series-gru`, 4.10 ms with no model named (2026-10-30)",
        f"{forecast}, of 100 together": "1.00 ms of `series-gru`, 1.20 ms with no model named (2026-10-30)",
        "10,000 live streams, window 64, 64 to a request, four requests at a time, a value each": streams,
        "1,000,000 idle streams": "+1 MB; a page of 100, p99 1.2 ms",
        "answers/s with 10,000,000 rows on record (8.8 GB) beside a new log": "0.99 (0.95-1.02) at 16 connections",
        "answers/s of 2 workers beside one, on two cores that wrk shares": two_workers,
        "start to ready with all published models": (
            "0.75 s; 0.95 s with a log that must be made first; FastAPI's empty endpoint 0.50 s"
        ),
        "memory": "128 MB resident; each further worker 89 MB; FastAPI's empty endpoint 61 MB",
    }
    assert "start to ready" not in report.growth_table({"log": measurements.growth()["log"]})


def test_growth_by_the_square_is_told_from_a_straight_line() -> None:
    assert slope({n: 3e-6 * n for n in (10, 100, 1000)}) == pytest.approx(1.0)
    assert slope({n: 3e-6 * n * n for n in (10, 100, 1000)}) == pytest.approx(2.0)


def test_the_section_says_when_where_and_how_and_fits_the_documents_lines() -> None:
    text = report.section({"bench": measurements.race(), "growth": measurements.growth()})
    for said in ("`make bench` on 2026-01-02", "2 cores (Some CPU)", "3 rounds of 4 s each", "unroll 0.1.0"):
        assert said in " ".join(text.split())
    assert max(len(line) for line in text.splitlines() if not line.startswith("|")) <= 120


def test_only_what_stands_between_the_marks_is_rewritten(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- costs:begin -->\nold\n<!-- costs:end -->\nafter\n")
    contents = {"bench": measurements.race()}
    report.rewrite(readme, contents)
    text = readme.read_text()
    assert text.startswith("before\n<!-- costs:begin -->\n`make bench`")
    assert text.endswith("\n<!-- costs:end -->\nafter\n")
    assert "old" not in text
    report.rewrite(readme, contents)
    assert readme.read_text() == text


def test_measurements_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    write(tmp_path / "new" / "bench.json", measurements.race())
    content = read(tmp_path / "new" / "bench.json")
    assert runs(content["runs"]) == measurements.runs()
    assert content == json.loads(json.dumps(measurements.race()))
    assert stored(runs(content["runs"])) == content["runs"]


def test_charts_are_small_svgs_that_equal_measurements_make_equal() -> None:
    race, growth = measurements.race(), measurements.growth()["latency"]
    for chart, again in ((race_chart(race), race_chart(race)), (growth_chart(growth), growth_chart(growth))):
        assert ElementTree.fromstring(chart).tag.endswith("svg")  # noqa: S314  (our own)
        assert len(chart) < 60_000
        assert chart == again
    assert b"ours" in race_chart(race)


def test_the_document_shows_what_is_published() -> None:
    assert report.section(report.published()) in report.DOCUMENT.read_text(), "run `make bench-report`"
