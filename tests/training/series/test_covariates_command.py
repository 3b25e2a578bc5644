"""Covariates from the command line to a forecast, as the documents show it, and their report."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from service.folders import read_folder
from service.inference.readings.covariates.beside import Effects
from tests.serving import Process
from training.__main__ import main

DOCUMENT = Path(__file__).parents[3] / "docs" / "own-series.md"


def shown_commands() -> list[str]:
    """The commands of the section on covariates."""
    section = DOCUMENT.read_text().partition("## Covariates")[2].partition("\n## ")[0]
    return [line for line in re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[0].splitlines() if line]


@pytest.mark.system  # a minute or two: it compiles a network, and trains it on twice
@pytest.mark.tensorflow
def test_the_documents_commands_lead_from_a_file_to_a_forecast_that_covariates_help(tmp_path: Path) -> None:
    pytest.importorskip("statsmodels")
    example, train, ask = shown_commands()
    subprocess.run([sys.executable, *shlex.split(example)[1:]], check=True, cwd=tmp_path)
    short = [sys.executable, *shlex.split(train)[1:], "--steps", "10", "--jobs", "1"]
    told = subprocess.run(short, check=True, cwd=tmp_path, capture_output=True, text=True)
    assert "investment-general without covariates:" in " ".join(told.stderr.split())
    card = read_folder(tmp_path / "models" / "investment-general" / "1").card
    assert card.reading.kind == "covariates"
    assert card.judged is not None
    mase = {
        name: np.mean([each.mase for each in card.judged.entries if each.name == name])
        for name in ("investment-general", "investment-general without covariates", "series-gru")
    }
    assert mase["investment-general"] < 0.8 * min(list(mase.values())[1:])
    (gdp,) = card.training.recipe["covariates"]
    assert gdp["with_it"] < 0.8 * gdp["without"] < gdp["shuffled"]
    report = (tmp_path / "runs" / "series" / "investment" / "report.md").read_text()
    assert "## Covariates\n\ngdp: their effects" in report
    assert re.search(r"\| gdp \| [\d.]+ \| [\d.]+ \| [\d.]+ \|", report)
    with Process(tmp_path, "--models-poll-seconds", "0.2", measured=False) as service:
        service.wait_until_ready()
        deadline = time.monotonic() + 60.0
        while time.monotonic() < deadline and service.client.get("/models/investment-general").status_code != 200:
            time.sleep(0.1)
        asked = ask.replace("localhost:8000", str(service.client.base_url).removeprefix("http://"))
        answered = subprocess.run(["bash", "-c", asked], check=True, cwd=tmp_path, capture_output=True, text=True)
        (forecast,) = json.loads(answered.stdout)["forecasts"]
    truth = [float(line.split(",")[1]) for line in (tmp_path / "investment.csv").read_text().splitlines()[-8:]]
    assert forecast["values"][-1] < 0.9 * forecast["values"][0]  # investment falls with the product
    assert np.mean(np.abs(np.subtract(forecast["values"], truth))) < 0.2 * np.mean(truth)
    effects = Effects.model_validate(card.reading.model_dump()["effects"])
    assert effects.known[0].adds[-1] > effects.known[0].adds[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--known", "x", "--past", "x"], "must name different columns"),
        (["--known", "y"], "must name different columns"),
        (["--calendar", "weekday"], "--calendar and --country need --time-column"),
        (["--country", "KR"], "--calendar and --country need --time-column"),
        (["--category", "x"], "--category x: name it with --known, --past or --static as well"),
        (["--calendar", "minute"], "invalid choice: 'minute'"),
    ],
)
def test_bad_options_are_refused_in_words(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--series", "x.csv", "--column", "y", "--name", "x", *arguments])
    assert message in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["train", *arguments])
    assert "needs --series FILE" in capsys.readouterr().err or "invalid choice" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--known", "price"], "has no column 'price'"),
        (["--static", "promo"], "2 different entries: a --static column has one"),
        (["--past", "empty"], "column 'empty' of y says nothing"),
        (["--calendar", "weekday", "--time-column", "step"], "read a time column of dates"),
    ],
)
def test_columns_that_cannot_be_used_end_the_command_with_the_reason(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", "300")
    rows = [f"{place},{place % 7 + 0.1 * place},{'ab'[place % 2]}," for place in range(200)]
    (tmp_path / "x.csv").write_text("\n".join(["step,y,promo,empty", *rows]) + "\n")
    out = ["--out", str(tmp_path / "models"), "--runs", str(tmp_path / "runs")]
    wanted = ["train", "--series", str(tmp_path / "x.csv"), "--column", "y", "--name", "x", *arguments, *out]
    assert main(wanted) == 1
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]
