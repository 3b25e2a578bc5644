"""``python -m service batch`` from a file to the tables of its output; real worker processes where they matter."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pytest

from service import DISTRIBUTION
from service.__main__ import main
from service.batch import planning, processes, scoring
from service.batch.command import batch
from service.batch.files import held
from service.errors import SettingsError
from service.inference.engine import Engine
from service.inference.repository import Repository
from tests.service.batch.made import COLUMNS, csv, files, here, long, parquet, row, scored, series, tables

NAN = float("nan")

repository = cache(Repository)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without worker processes, and with the models loaded once."""
    monkeypatch.setattr(processes, "run", here)
    monkeypatch.setattr(scoring, "Repository", repository)


def test_each_series_has_the_answer_of_the_engine_to_the_bit(tmp_path: Path, engine: Engine) -> None:
    given = series() | {"short": [1.0, 2.0], "gaps": [1.0, NAN, 3.0, 4.0, NAN, 6.0, 7.0]}
    forecasts, described = scored(
        parquet(tmp_path / "in.parquet", long(given)), tmp_path / "out", "--levels", "80,97.5"
    )
    expected = engine.forecast([*given.values()], 3, levels=(80.0, 97.5))
    assert described["id"].to_pylist() == [*given]
    assert forecasts["id"].to_pylist() == [name for name in given for _ in range(3)]
    assert forecasts["step"].to_pylist() == [1, 2, 3] * len(given)
    assert forecasts["value"].to_pylist() == [value for each in expected for value in each.values]
    for level in ("80", "97.5"):
        for side in ("lower", "upper"):
            bands = [None if each.intervals is None else each.intervals[level] for each in expected]
            bounds = [bound for band in bands for bound in (getattr(band, side) if band else [None] * 3)]
            assert forecasts[f"{side}_{level}"].to_pylist() == bounds
    for name, answer in zip(given, expected, strict=True):
        told = row(described, name)
        assert (told["model"], told["version"], told["error"]) == (answer.model, answer.version, None)
        assert told["warnings"] == answer.warnings
        assert (told["season"], told["season_told"]) == (answer.season.steps, answer.season.told)  # type: ignore[union-attr]
        checked = {} if answer.check is None else asdict(answer.check)
        checked["horizon_checked"] = checked.pop("horizon", None)
        assert {each: told[each] for each in checked} == checked


@pytest.mark.usefixtures("in_this_process")
def test_a_bad_series_is_a_row_with_an_error_and_keeps_nobody_from_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = series(3)
    given = {"gone": [NAN, NAN], "item-0": good["item-0"], "endless": [1.0, float("inf")], "huge": [1e301, 1.0]}
    out = tmp_path / "out"
    forecasts, described = scored(parquet(tmp_path / "in.parquet", long(given | good)), out)
    assert {name: row(described, name)["error"] for name in ("gone", "endless", "huge")} == {
        "gone": "it has no value that is not missing",
        "endless": "a value is infinite",
        "huge": "a value is above 1e+300 in magnitude",
    }
    assert set(forecasts["id"].to_pylist()) == {"item-0", "item-1", "item-2"}
    alone, _ = scored(parquet(tmp_path / "good.parquet", long(good)), tmp_path / "alone")
    assert alone.equals(forecasts)
    assert json.loads((out / "summary.json").read_bytes())["failed"] == 3
    assert "3 failed" in capsys.readouterr().out


@pytest.mark.usefixtures("in_this_process")
def test_what_a_model_refuses_is_an_error_of_that_series_alone(tmp_path: Path) -> None:
    given = {"whole": [float(step % 5) for step in range(30)], "gap": [1.0, NAN, *map(float, range(28))]}
    source = parquet(tmp_path / "in.parquet", long(given))
    forecasts, described = scored(source, tmp_path / "out", "--model", "sine-gru")
    assert "gaps" in row(described, "gap")["error"]
    assert row(described, "whole")["model"] == "sine-gru"
    assert forecasts["id"].to_pylist() == ["whole"] * 3


@pytest.mark.usefixtures("in_this_process")
def test_nothing_hangs_on_the_kind_of_file_nor_on_the_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = series()
    out = tmp_path / "out"
    whole = scored(parquet(tmp_path / "in.parquet", long(given)), out)
    scored(csv(tmp_path / "in.csv", long(given)), tmp_path / "csv")
    lists = pa.table({"item": [*given], "sold": [*given.values()]})
    scored(
        parquet(tmp_path / "lists.parquet", lists, rows=2),
        tmp_path / "lists",
        columns=("--id", "item", "--value", "sold"),
    )
    answers = {name: each for name, each in files(out).items() if name != "plan.json"}
    for other in ("csv", "lists"):
        assert {name: each for name, each in files(tmp_path / other).items() if name != "plan.json"} == answers
    monkeypatch.setattr(planning, "MOST_SERIES", 2)
    for source, name in (("in.parquet", "parts"), ("in.csv", "csv-parts")):
        assert scored(str(tmp_path / source), tmp_path / name) == whole
        assert len([*(tmp_path / name / "series").iterdir()]) == 4


@pytest.mark.usefixtures("in_this_process")
def test_lists_without_ids_are_called_by_their_rows_over_all_files(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "_hidden").mkdir(parents=True)
    for name in ("b.parquet", "a.parquet", "_hidden/c.parquet"):
        parquet(folder / name, pa.table({"value": [[1.0, 2.0, 4.0], None, []] if name[0] == "b" else [[5.0, 6.0]]}))
    forecasts, described = scored(str(folder), tmp_path / "out", columns=())
    assert described["id"].to_pylist() == [0, 1, 2, 3]
    assert described["values"].to_pylist() == [2, 3, 0, 0]
    assert described["error"].to_pylist() == [None, None, "it has no values", "it has no values"]
    assert forecasts["id"].to_pylist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.usefixtures("in_this_process")
def test_every_file_says_what_made_it(tmp_path: Path) -> None:
    for table in scored(parquet(tmp_path / "in.parquet", long(series(1))), tmp_path / "out", "--season", "12"):
        told = table.schema.metadata
        assert told[b"unroll"].decode() == version(DISTRIBUTION)
        assert "series-gru/1" in json.loads(told[b"unroll.models"])
        assert json.loads(told[b"unroll.question"])["season"] == [12]


def test_a_run_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_SERIES", 2)
    source, out = parquet(tmp_path / "in.parquet", long(series())), tmp_path / "out"
    scored(source, out)
    whole, kept = files(out), out / "forecasts" / "part-000001.parquet"
    made = kept.stat().st_ino
    (out / "series" / "part-000002.parquet").unlink()  # as if killed between the two files of a part
    (out / "forecasts" / ".unfinished-00-part-000003.parquet").write_bytes(b"half")
    (out / "summary.json").unlink()
    scored(source, out)
    assert files(out) == whole
    assert kept.stat().st_ino == made


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(("more", "other"), [(("--season", "4"), "question"), (("--model", "sine-gru"), "models, ")])
def test_an_output_of_another_question_is_not_mixed_up(tmp_path: Path, more: tuple[str, ...], other: str) -> None:
    source, out = parquet(tmp_path / "in.parquet", long(series(1))), tmp_path / "out"
    scored(source, out)
    with pytest.raises(SettingsError, match=f"holds a run with other {other}"):
        batch([source, "--output", str(out), "--horizon", "3", *COLUMNS, *more])


@pytest.mark.usefixtures("in_this_process")
def test_an_output_of_another_input_is_not_mixed_up(tmp_path: Path) -> None:
    out = tmp_path / "out"
    scored(csv(tmp_path / "in.csv", long(series(1))), out)
    changed = series(1)
    changed["item-0"][3] += 1.0
    with pytest.raises(SettingsError, match="holds a run with other input"):
        batch([csv(tmp_path / "in.csv", long(changed)), "--output", str(out), "--horizon", "3", *COLUMNS])


@pytest.mark.usefixtures("in_this_process")
def test_two_runs_do_not_write_into_one_folder(tmp_path: Path) -> None:
    source, out = parquet(tmp_path / "in.parquet", long(series(1))), tmp_path / "out"
    with held(str(out)), pytest.raises(SettingsError, match="another run writes into"):
        scored(source, out)
    scored(source, out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.parquet"], "nowhere.parquet is not there"),
        (["in.parquet", "--id", "x", "--value", "sold"], "no one column x; it has item, month, sold"),
        (["in.parquet", "--value", "sold"], "name the column that tells series apart with --id"),
        (["in.parquet", "--id", "item", "--value", "month"], "expected numbers, or lists of numbers"),
        (["in.parquet", *COLUMNS, "--model", "no-such"], "no model of that name"),
        (["in.parquet", *COLUMNS, "--model", "memory-gru"], "memory-gru answers a question"),
        (["in.parquet", *COLUMNS, "--version", "1"], "say --model"),
        (["in.parquet", *COLUMNS, "--output", "in.csv"], "in.csv is a file: name a folder"),
        (["in.parquet", *COLUMNS, "--address", "auto"], "say --engine ray"),
        (["in.csv", "--value", "sold"], "name the column that tells series apart with --id"),
        (["in.csv", "--id", "thing", "--value", "sold"], "the header of in.csv has no one column thing"),
        (["in.csv.gz", *COLUMNS], "in.csv.gz is compressed: unpack it"),
        (["text.parquet", *COLUMNS], "text.parquet cannot be read"),
        (["empty", *COLUMNS], "has no .parquet and no .csv file"),
        ([".", *COLUMNS], "both Parquet and CSV"),
        (["no-such://host/path", *COLUMNS], "cannot be reached"),
    ],
)
def test_what_cannot_be_begun_is_refused_in_words(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    parquet(tmp_path / "in.parquet", long(series(1)))
    csv(tmp_path / "in.csv", long(series(1)))
    (tmp_path / "in.csv.gz").write_bytes(b"\x1f\x8b and more")
    (tmp_path / "text.parquet").write_text("no Parquet")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["batch", "--output", "out", "--horizon", "3", *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--horizon", "0"], ["--horizon", "1001"], ["--levels", "100"], ["--season", "1,2,3"], ["--workers", "0"]],
)
def test_numbers_out_of_range_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        batch(["in", "--output", "out", "--horizon", "3", *arguments])
    assert f"argument {arguments[0]}: invalid" in capsys.readouterr().err


@pytest.mark.parametrize(("module", "extra", "more"), [("pyarrow", "batch", ()), ("ray", "ray", ("--engine", "ray"))])
def test_a_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, extra: str, more: tuple[str, ...]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == module else name)
    with pytest.raises(SettingsError, match=rf"{module} is not installed: pip install '\.\[{extra}\]'"):
        batch(["in", "--output", "out", "--horizon", "3", *more])


def test_the_documented_command_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[3] / "docs" / "batch.md").read_text()
    local, _ = re.findall(r"^python -m service (batch .+)$", text, re.MULTILINE)
    parquet(tmp_path / "sales.parquet", long(series(2)))
    monkeypatch.chdir(tmp_path)
    main([*shlex.split(local), "--workers", "1"])
    assert tables(tmp_path / "forecasts")[0]["step"].to_pylist() == [*range(1, 13)] * 2
