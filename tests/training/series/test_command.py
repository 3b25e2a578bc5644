"""One command from a file to models that a running service answers with."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from service.cards import Judged, JudgedEntry
from service.folders import read_folder
from service.inference.engine import Engine
from service.inference.repository import Repository
from tests.serving import Process, unmeasured
from tests.training.general.small import Untrained
from training.__main__ import main
from training.series import command
from training.series.candidates import Candidate

README = Path(__file__).parents[3] / "README.md"
CELLS = ("simplernn", "lstm", "gru")
NO_COVARIATES = dict.fromkeys(("known", "past", "static", "category", "calendar", "country"))


def shown_commands() -> list[str]:
    """The commands of the README's section on own series."""
    section = README.read_text().partition("## Your own series")[2].partition("\n## ")[0]
    return [line for line in re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[0].splitlines() if line]


def names_served(service: Process) -> set[str]:
    return {each["name"] for each in service.client.get("/models").json()["models"]}


@pytest.mark.system  # minutes: it compiles three cells to train them on
@pytest.mark.tensorflow
def test_the_readmes_commands_lead_from_a_file_to_a_forecast(tmp_path: Path) -> None:
    """As in the README, but with few updates: an example's file, one command, a running service, a forecast."""
    pytest.importorskip("statsmodels")
    example, train, ask = shown_commands()
    run = [sys.executable, *shlex.split(example)[1:]]
    subprocess.run(run, check=True, cwd=tmp_path)
    models = tmp_path / "models"  # not there yet
    with Process(tmp_path, "--models-poll-seconds", "0.2", measured=False) as service:
        service.wait_until_ready()
        short = [sys.executable, *shlex.split(train)[1:], "--steps", "10", "--jobs", "1"]
        # Coverage makes TensorFlow's own Python twice as slow; the tests below measure what runs here.
        told = subprocess.run(short, check=True, cwd=tmp_path, env=unmeasured(), capture_output=True, text=True)
        said = " ".join(told.stderr.split())
        assert re.search(r"sunspots-\w+, chosen by validation, (beats|does NOT beat) the best simple rule", said)
        assert "AutoARIMA:" in said
        assert re.search(r"Against .+ the MASE of sunspots-\w+ is .+ chance\.", said)
        wanted = {f"sunspots-{each}" for each in (*CELLS, "general")}
        deadline = time.monotonic() + 60.0
        while not wanted <= (served := names_served(service)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert wanted | {"sine-gru"} <= served
        asked = ask.replace("localhost:8000", str(service.client.base_url).removeprefix("http://"))
        answered = subprocess.run(["bash", "-c", asked], check=True, cwd=tmp_path, capture_output=True, text=True)
        (forecast,) = json.loads(answered.stdout)["forecasts"]
        assert len(forecast["values"]) == 11
        assert forecast["model"] in wanted
        assert len(forecast["intervals"]["80"]["lower"]) == 11
        compared = service.client.post("/compare", json={"task": "sunspots", "sequence": [1.0, 3.0, 2.0, 5.0]}).json()
        assert {each["model"] for each in compared["results"]} == wanted - {"sunspots-general"}  # it compares cells
        for name in wanted:
            question = {"model": name, "sequence": [1.0, 3.0, 2.0, 5.0, 4.0]}
            assert service.client.post("/inspect", json=question).status_code == 200
            assert service.client.post("/predict", json=question).status_code == 200
            tensors = {"inputs": [{"name": "sequence", "shape": [1, 3], "datatype": "FP64", "data": [1, 3, 2]}]}
            assert service.client.post(f"/v2/models/{name}/infer", json=tensors).status_code == 200
            rows = {"instances": [[1, 3, 2]]}
            assert service.client.post(f"/v1/models/{name}:predict", json=rows).status_code == 200
    report = tmp_path / "runs/series/sunspots"
    text = (report / "report.md").read_text()
    assert all(name in text for name in ("seasonal naive", "AutoARIMA", "AutoTheta", "AutoETS", "series-", *wanted))
    assert "### More than chance?" in text
    assert (report / "mase.svg").read_bytes().startswith(b"<?xml")
    assert (report / "forecasts.svg").read_bytes().startswith(b"<?xml")
    card = read_folder(models / "sunspots-gru" / "1").card
    assert card.judged is not None
    assert {entry.horizon for entry in card.judged.entries} == set(range(1, 13))
    assert card.parameters <= 20_000
    assert card.layers[0].units <= 32
    assert "held out" in card.description
    assert card.intervals is not None
    assert len(card.intervals.quantiles["80"]) == 12


@pytest.mark.system
@pytest.mark.tensorflow
@pytest.mark.usefixtures("jobs_in_this_process")
def test_many_series_make_one_model_and_a_second_run_goes_on_where_the_first_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.series import ways

    monkeypatch.setattr(ways, "Tuning", Untrained)  # compiling takes long: the README's commands do
    monkeypatch.setenv("COLUMNS", "300")
    rng = np.random.default_rng(0)
    rows = ["shop,day,sold"]
    for shop in range(4):
        level = np.cumsum(rng.standard_normal(120))
        rows += [f"s{shop},{day},{value:.3f}" for day, value in enumerate(level) if day != 30]
    # Launched when the others are judged: it has nothing to train on, and no unit to be judged in.
    rows += [f"late,{day},{0 if day < 100 else 5 + day % 3}" for day in range(120)]
    (tmp_path / "sales.csv").write_text("\n".join(rows) + "\n")
    wanted = ["train", "--series", str(tmp_path / "sales.csv"), "--column", "sold", "--name", "sales"]
    wanted += ["--id-column", "shop", "--time-column", "day", "--horizon", "3", "--season", "7"]
    wanted += ["--cell", "gru", "--steps", "4"]
    wanted += ["--out", str(tmp_path / "models"), "--runs", str(tmp_path / "runs")]
    assert main(wanted) == 0
    said = capsys.readouterr().err
    assert "4 series, 480 values" in said
    assert "4 missing times inserted" in said
    assert "left out late stands still in the first" in said
    first = read_folder(tmp_path / "models" / "sales-gru" / "1")
    assert first.card.training.data.startswith("sales.csv, sold: 4 series")
    assert "left out: late stands still in the first" in first.card.training.data
    assert "- left out: late stands still" in (tmp_path / "runs" / "sales" / "report.md").read_text()
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "runs" / "sales").glob("*/*.npz")}
    assert main(wanted) == 0
    said = capsys.readouterr().err
    assert "candidates are trained already" in said
    assert not {f"done {name}" for name in ("AR", "rule:naive", "AutoETS")} & set(said.splitlines())
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "runs" / "sales").glob("*/*.npz")} == kept
    assert any(name.endswith(".record.npz") for name in kept)
    again = read_folder(tmp_path / "models" / "sales-gru" / "1")
    assert (again.onnx, again.card.judged) == (first.onnx, first.card.judged)
    # What became of the general network knows its season, and is judged beside the untouched one.
    card = read_folder(tmp_path / "models" / "sales-general" / "1").card
    assert card.judged is not None
    assert {"series-gru", "sales-general", "rule:naive"} <= {entry.name for entry in card.judged.entries}
    scores = card.training.recipe["ways_validation_mase"]
    assert card.training.recipe["validation_mase"] == min(scores.values()) <= scores["untouched"]
    engine = Engine(Repository(tmp_path / "models").catalog)
    posted = np.cumsum(rng.standard_normal(60)).tolist()
    (answer,) = engine.forecast([posted], 5, "sales-general")
    assert answer.model == "sales-general"
    assert answer.season is not None
    assert answer.season.steps == [7]
    assert answer.intervals is not None
    (told,) = engine.forecast([posted], 5, "sales-general", season=(7,))
    assert (told.values, told.intervals) == (answer.values, answer.intervals)
    assert engine.predict([posted], "sales-general")[0].season is not None


@pytest.mark.system
@pytest.mark.tensorflow
@pytest.mark.usefixtures("jobs_in_this_process")
def test_a_rate_that_stands_still_and_then_steps_is_served_without_intervals_and_the_reason_is_said_everywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.series import ways

    monkeypatch.setattr(ways, "Tuning", Untrained)
    monkeypatch.setenv("COLUMNS", "300")
    early = [2 + 0.25 * ((place // 4) % 3) for place in range(100)]
    rate = [*early, *(2 + 0.5 * sum(place >= step for step in (180, 186, 192, 200, 210)) for place in range(100, 240))]
    (tmp_path / "rate.csv").write_text("\n".join(["rate", *map(str, rate)]) + "\n")
    wanted = ["train", "--series", str(tmp_path / "rate.csv"), "--column", "rate", "--name", "rate", "--cell", "gru"]
    wanted += ["--steps", "4", "--out", str(tmp_path / "models"), "--runs", str(tmp_path / "runs")]
    assert main(wanted) == 0
    reason = "rate-gru has no intervals: of the forecasts 12 steps ahead that calibrate them only 0 start where"
    card = read_folder(tmp_path / "models" / "rate-gru" / "1").card
    assert card.intervals is None
    assert card.no_intervals is not None
    for said in (
        capsys.readouterr().err,
        (tmp_path / "runs" / "rate" / "report.md").read_text(),
        f"rate-gru has no intervals: {card.no_intervals}",
        card.description.replace("It has", "rate-gru has"),
    ):
        assert reason in said
    engine = Engine(Repository(tmp_path / "models").catalog)
    answers = [*engine.predict([rate], "rate-gru"), *engine.forecast([rate, rate[:180]], 30, "rate-gru")]
    for answer in answers:
        assert answer.intervals is None
        assert any(reason in each for each in answer.warnings)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--column", "x"], "--column needs --series FILE"),
        (["--season", "12"], "--season needs --series FILE"),
        (["--series", "x.csv", "--name", "x", "--column", "x", "--time-column", "x"], "must name different columns"),
        (["--series", "x.csv", "--name", "x", "--column", "x", "--id-column", "x"], "must name different columns"),
        (["--series", "x.csv", "--name", "x"], "--series needs --column and --name"),
        (["sine-gru", "--series", "x.csv", "--column", "x", "--name", "x"], "name no models and no --task"),
        (["--series", "x.csv", "--column", "x", "--name", "Sales"], "small letters, digits and hyphens"),
        (["--series", "x.csv", "--column", "x", "--name", "sine"], "the name of a task that is published"),
        (["--series", "x.csv", "--column", "x", "--name", "x", "--holdout", "1"], "is not a share from 0.05 to 0.4"),
        (["--series", "x.csv", "--column", "x", "--name", "x", "--holdout", "some"], "is not a share"),
        (["--series", "x.csv", "--column", "x", "--name", "x", "--horizon", "0"], "whole number from 1 to 1000"),
    ],
)
def test_bad_options_are_refused_in_words(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["train", *arguments])
    assert refused.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "further", "message"),
    [
        ("x\n" + "1\n2\n" * 10, [], "too short: 20 values"),
        ("x\n" + "1\n" * 200, [], "is constant"),
        ("x\n" + "1\n2\n" * 100, ["--season", "90"], "a season of 90 needs at least 270 values"),
        ("flow [/min],x [kW]\n1,2\n", [], "has no column 'x'; its header names flow [/min], x [kW]"),
        ("\x1b[31mred\n1\n", [], "its header names \\x1b[31mred"),
        ("x\n50,00\n", [], "line 2 of x.csv has 2 cells"),
    ],
)
def test_data_that_cannot_be_used_end_the_command_with_the_reason(
    text: str, further: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", "300")
    (tmp_path / "x.csv").write_text(text)
    out = ["--out", str(tmp_path / "models"), "--runs", str(tmp_path / "runs")]
    assert main(["train", "--series", str(tmp_path / "x.csv"), "--column", "x", "--name", "x", *further, *out]) == 1
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


def entry(name: str, mase: float) -> JudgedEntry:
    return JudgedEntry(name=name, horizon=1, mase=mase, smape=0.1, coverage=None)


@pytest.mark.parametrize(("mine", "won"), [(0.8, True), (0.9, True), (0.95, False)])
def test_the_verdict_names_the_best_simple_rule_and_every_other_rival(mine: float, won: bool) -> None:
    card = read_folder(README.parent / "models" / "sine-gru" / "1").card
    entries = (entry("sine-gru", mine), entry("rule:ar2", 0.93), entry("rule:naive", 2.0), entry("AutoARIMA", 0.5))
    judged = Judged(origins=9, horizon=1, season=None, entries=entries, best="AutoARIMA", beaten_by=None)
    said, beats = command.verdict_on("sine-gru", card.model_copy(update={"judged": judged}))
    assert beats is won
    assert "0.930 of ar2" in said
    assert "AutoARIMA: 0.500" in said
    assert ("NOT" in said) is not won


@pytest.mark.parametrize(("mase", "said"), [(0.93, "0.930"), (999.9, "999.900"), (4.2e79, "4.2e79")])
def test_a_score_that_is_far_off_is_told_by_its_power_of_ten(mase: float, said: str) -> None:
    card = read_folder(README.parent / "models" / "sine-gru" / "1").card
    entries = (entry("sine-gru", mase), entry("rule:ar2", mase), entry("AutoARIMA", mase))
    judged = Judged(origins=9, horizon=1, season=None, entries=entries, best="AutoARIMA", beaten_by=None)
    sentence, _ = command.verdict_on("sine-gru", card.model_copy(update={"judged": judged}))
    assert sentence.count(said) == 3
    assert max(map(len, sentence.split())) < 30


def test_a_time_column_suggests_the_season_unless_it_is_too_long(tmp_path: Path) -> None:
    days = np.arange("2024-01-01", "2024-06-01", dtype="datetime64[D]")
    rows = [f"{day},{place % 7},{place}" for place, day in enumerate(days)]
    (tmp_path / "x.csv").write_text("day,x,y\n" + "\n".join(rows) + "\n")
    options = argparse.Namespace(
        series=[str(tmp_path / "x.csv")], column=["x", "x"], id_column=None, time_column="day", horizon=None,
        holdout=0.2, season=None, name="x", seed=0, steps=None, cell=None, runs=tmp_path, out=tmp_path, **NO_COVARIATES,
    )  # fmt: skip
    quiet = Console(quiet=True)
    assert command.assignment_of(options, quiet).season == 7
    options.season = 1
    found = command.assignment_of(options, quiet)
    assert found.season is None
    assert found.cells == CELLS
    assert len(found.grid()) == 3 * 2
    assert found.stored(Candidate("gru", 8, 32, 0)).parent.parent == tmp_path / "x"


def test_the_default_horizon_suits_the_series_as_it_is_used(tmp_path: Path) -> None:
    """Empty rows at the ends are cut off, and missing times are inserted: both change how long it is."""
    path = tmp_path / "x.csv"
    options = argparse.Namespace(
        series=[str(path)], column=["x"], id_column=None, time_column=None, horizon=None, holdout=0.2,
        season=None, name="x", seed=0, steps=None, cell=None, runs=tmp_path, out=tmp_path, **NO_COVARIATES,
    )  # fmt: skip
    values = [str(place % 7) for place in range(120)]
    for rows in (values, [*([""] * 120), *values, *([""] * 60)]):
        path.write_text("\n".join(["x,y", *(f"{value},1" for value in rows)]) + "\n")
        assert command.assignment_of(options, Console(quiet=True)).split.horizon == 6
    options.time_column = "day"
    days = [day for day in range(140) if day % 7]
    path.write_text("\n".join(["day,x", *(f"{day},{day % 5}" for day in days)]) + "\n")
    assert command.assignment_of(options, Console(quiet=True)).split.horizon == 139 // 20


def test_an_example_is_written_as_it_stands_in_its_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("statsmodels")
    first = {"sunspots": "1700,5.0", "co2": "1958-03-29,316.1", "elnino": "1950-01,23.11", "nile": "1871,1120.0"}
    for name, line in first.items():
        assert main(["example", name, "--to", str(tmp_path)]) == 0
        lines = (tmp_path / f"{name}.csv").read_text().splitlines()
        assert lines[1] == line
        assert len(lines) == {"sunspots": 310, "co2": 2285, "elnino": 733, "nile": 101}[name]
    assert (tmp_path / "co2.csv").read_text().count(",\n") == 59
