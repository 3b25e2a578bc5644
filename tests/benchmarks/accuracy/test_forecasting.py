"""The forecasting exam: files of every form, what a forecaster is asked, scores by the book, and going on."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.forecasting import exam, peers, published, readers, report, store, tables
from benchmarks.accuracy.forecasting.forecasters import POINT, QUANTILES, SeasonalNaive, Service
from benchmarks.accuracy.forecasting.scores import Score, geometric_mean, score
from benchmarks.accuracy.forecasting.sets import SeriesSet, collected
from service.arrays import Floats
from service.inference.engine import Engine
from tests.conftest import MODELS
from training.plots import svg

WAVE = (10.0 + np.sin(2.0 * np.pi * np.arange(60) / 12.0) + 0.1 * np.arange(60)).tolist()


def one_set(name: str = "m3_monthly", count: int = 3) -> SeriesSet:
    rows = [(f"T{k}", [k + value for value in WAVE[:-6]], [k + value for value in WAVE[-6:]]) for k in range(count)]
    return collected(name, 12, 6, rows)


def json_lines(folder: Path, name: str = "m3_monthly") -> Path:
    rows = [
        {"id": "a", "freq": "M", "season": 12, "horizon": 6, "train": WAVE[:-6], "test": WAVE[-6:]},
        {"id": "b", "freq": "M", "season": 12, "horizon": 6, "train": [None, *WAVE[1:-6]], "test": WAVE[-6:]},
    ]
    path = folder / f"{name}.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    return path


def test_json_lines_are_read_and_series_with_gaps_counted(tmp_path: Path) -> None:
    json_lines(tmp_path)
    (found,) = readers.in_folder(tmp_path)
    assert (found.name, found.season, found.horizon, found.ids, found.gaps) == ("m3_monthly", 12, 6, ("a",), 1)
    assert found.known[0].tolist() == WAVE[:-6]
    assert found.came[0].tolist() == WAVE[-6:]


def test_a_monash_file_keeps_its_last_values_for_the_end(tmp_path: Path) -> None:
    lines = [
        "# a comment",
        "@relation kinds",
        "@attribute series_name string",
        "@attribute start_timestamp date",
        "@frequency quarterly",
        "@horizon 2",
        "@missing true",
        "@data",
        "T1:1979-01-01 00-00-00:1,2.5,3,4",
        "T2:1979-01-01 00-00-00:1,?,3,4",
        "",
    ]
    (tmp_path / "Kinds_dataset.tsf").write_text("\n".join(lines))
    (found,) = readers.in_folder(tmp_path)
    assert (found.name, found.season, found.horizon, found.ids, found.gaps) == ("kinds", 4, 2, ("T1",), 1)
    assert (found.known[0].tolist(), found.came[0].tolist()) == ([1.0, 2.5], [3.0, 4.0])


@pytest.mark.parametrize("folder", [".", "Test"])
def test_a_pair_of_the_m4_files_is_one_set(tmp_path: Path, folder: str) -> None:
    train = tmp_path / ("Train" if folder == "Test" else ".") / "Hourly-train.csv"
    test = tmp_path / folder / "Hourly-test.csv"
    for path, text in ((train, '"V1","V2","V3"\n"H1","5","6"\n"H2","7",\n'), (test, '"V1","V2"\n"H1","1"\n"H2","2"\n')):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (found,) = readers.in_folder(tmp_path)
    assert (found.name, found.season, found.horizon) == ("m4_hourly", 24, 1)
    assert [each.tolist() for each in found.known] == [[5.0, 6.0], [7.0]]
    assert [each.tolist() for each in found.came] == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.txt", "", "no NAME.jsonl.gz"),
        ("x.tsf", "@data\nT:1,2\n", "x.tsf cannot be read: ValueError: no horizon is said"),
        ("Hourly-train.csv", "V1,V2\nH1,2\n", "there is no Hourly-test.csv beside it"),
        ("x.jsonl.gz", "no archive", "x.jsonl.gz cannot be read: BadGzipFile"),
    ],
)
def test_what_cannot_be_read_is_said(
    tmp_path: Path, name: str, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(text)
    assert main(["forecasting", "--data", str(tmp_path), "--models-dir", str(MODELS)]) == 1
    assert said in " ".join(capsys.readouterr().err.split())


def test_the_competitions_come_from_a_package_and_only_some_chose_anything() -> None:
    found = {each.name: each for each in readers.of_competitions()}
    counts = {name: len(each.known) for name, each in found.items()}
    assert sum(count for name, count in counts.items() if name.startswith("m3_")) == 3003
    assert counts["tourism_monthly"] == 366
    assert {name for name, each in found.items() if each.is_final} == {
        "tourism_yearly", "m1_yearly", "m1_quarterly", "m1_monthly",
    }  # fmt: skip
    # The published figure of seasonal naive.
    monthly = found["m3_monthly"]
    points = SeasonalNaive().forecast(monthly.known, monthly.horizon, monthly.season)
    whole = store.Forecasts(store.places(range(1428)), points, 0.0, 0.0, 0)
    assert round(score("x", monthly, whole).mase, 3) == 1.146


def test_scores_are_those_of_the_books() -> None:
    """Twice: MASE by its own definition, and the loss of a point as its error's share."""
    given = collected("own", 2, 2, [("a", [1.0, 2.0, 3.0, 5.0], [4.0, 8.0]), ("b", [1.0, 1.0, 2.0, 2.0], [2.0])])
    spread = np.linspace(-3.0, 3.0, len(QUANTILES))
    quantiles = np.array([[4.0, 4.0], [4.0, 4.0]])[..., None] + spread
    found = score("x", given, store.Forecasts(store.places([0, 1]), quantiles, 9.0, 10.0, 1))
    assert found.mase == pytest.approx(((0.0 + 4.0) / 2 / 2.5 + 2.0 / 1.0) / 2)
    assert found.smape == pytest.approx(100.0 * ((0.0 + 8.0 / 12.0) / 2 + 4.0 / 6.0) / 2)
    assert found.naive_mase == pytest.approx(((1.0 + 3.0) / 2 / 2.5 + 0.0) / 2)
    assert (found.inside_80, found.inside_95) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (found.series, found.of, found.contended, found.failures) == (2, 2, False, 1)
    losses = [
        2.0 * (q * max(x - 4.0 - s, 0.0) + (1.0 - q) * max(4.0 + s - x, 0.0))
        for q, s in zip(QUANTILES[1:-1], spread[1:-1], strict=True)
        for x in (4.0, 8.0, 2.0)
    ]
    assert found.wql == pytest.approx(sum(losses) / 9 / 14.0)
    assert geometric_mean([0.5, 2.0]) == pytest.approx(1.0)


def test_a_point_without_intervals_has_no_coverage() -> None:
    given = one_set()
    points = SeasonalNaive().forecast(given.known, 6, 12)
    assert points[0, :, POINT].tolist() == given.known[0][-12:-6].tolist()
    found = score("x", given, store.Forecasts(store.places(range(3)), points, 1.0, 2.0, 0))
    assert (found.inside_80, found.inside_95, found.contended) == (None, None, True)


def test_the_service_answers_as_its_engine_does(engine: Engine) -> None:
    series = [np.array(WAVE), np.array(WAVE[:30])]
    found = Service(engine, "sine-gru").forecast(series, 5, 12)
    for row, each in enumerate(engine.forecast([s.tolist() for s in series], 5, "sine-gru")):
        assert each.intervals is not None
        assert found[row, :, POINT].tolist() == each.values
        for level, places in (("80", (1, 9)), ("95", (0, 10))):
            band = each.intervals[level]
            assert found[row][:, places] == pytest.approx(np.array([band.lower, band.upper]).T)
        assert (np.diff(found[row], axis=1) >= 0.0).all()
    assert np.ptp(Service(engine).forecast([np.array([1.0, 2.0])], 3, 1), axis=-1).tolist() == [[0.0, 0.0, 0.0]]


class Counting:
    """A forecaster that counts what it is given."""

    name, made_of, portion = "counting", "1", 2

    def __init__(self) -> None:
        self.asked: list[int] = []

    def forecast(self, series: list[Floats], horizon: int, season: int) -> Floats:
        assert season == 12
        self.asked.append(len(series))
        return np.array([[[each[-1]] * len(QUANTILES)] * horizon for each in series])


def test_what_is_stored_is_not_forecast_again_unless_it_would_differ(tmp_path: Path) -> None:
    forecaster, given = Counting(), one_set(count=5)
    first = store.joined(list(store.made(tmp_path, forecaster, given, range(5))))
    assert forecaster.asked == [2, 2, 1]
    again = store.joined(list(store.made(tmp_path, forecaster, given, range(5))))
    assert forecaster.asked == [2, 2, 1]
    np.testing.assert_equal(first.quantiles, again.quantiles)
    assert (again.rows.tolist(), again.processor) == ([0, 1, 2, 3, 4], first.processor)
    given.known[4][0] += 1.0
    list(store.made(tmp_path, forecaster, given, range(5)))
    assert forecaster.asked == [2, 2, 1, 1]
    forecaster.made_of = "2"
    list(store.made(tmp_path, forecaster, given, range(0, 5, 4)))
    assert forecaster.asked == [2, 2, 1, 1, 2]


def test_a_peer_is_asked_for_as_many_series_as_it_can_do_in_time() -> None:
    given = one_set(count=100)
    assert peers.every("AutoARIMA", given, 1e6) == 1
    # 0.2 s and 54 values x season 12 x 1.2 ms.
    assert peers.every("AutoARIMA", given, 50.0) == 2
    assert exam.rows_of(peers.Peer("AutoARIMA"), given, 50.0) == range(0, 100, 2)
    assert exam.rows_of(Counting(), given, 1e-9) == range(100)


def test_peers_answer_with_quantiles_in_order_and_fall_back_where_they_cannot() -> None:
    series = [np.array(WAVE), np.array(WAVE) + 5.0]
    for name, near in (("AutoTheta", 2.0), ("AutoETS", 0.5)):
        peer = peers.Peer(name)
        found = peer.forecast(series, 4, 12)
        assert found.shape == (2, 4, len(QUANTILES))
        assert (np.diff(found, axis=-1) >= 0.0).all()
        assert found[0, :, POINT] == pytest.approx(10.0 + np.sin(np.pi * np.arange(4) / 6.0) + 6.0, abs=near)
        assert peer.failures == 0
    peer = peers.Peer("AutoETS")
    assert peer.forecast([np.array([3.0])], 2, 12)[..., POINT].tolist() == [[3.0, 3.0]]
    assert peer.failures == 1


def test_a_run_keeps_a_score_for_each_set_and_forecaster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    json_lines(tmp_path)
    places = ["--out", str(tmp_path / "runs"), "--scores", str(tmp_path / "scores.json"), "--models-dir", str(MODELS)]
    command = ["forecasting", "--data", str(tmp_path), *places, "--forecasters"]
    assert main([*command, "sine-gru", "DynamicOptimizedTheta"]) == 0
    assert "| m3_monthly | `sine-gru` | 1 |" in capsys.readouterr().out
    assert main([*command, "sine-gru", "service"]) == 0
    kept = {each.forecaster: each for each in exam.scores(tmp_path / "scores.json")}
    assert set(kept) == {"seasonal naive", "`sine-gru`", "the service", "DynamicOptimizedTheta"}
    assert kept["seasonal naive"].mase == kept["the service"].naive_mase
    assert main([*command, "service", "--sets", "hospital"]) == 1
    assert "none is called hospital" in " ".join(capsys.readouterr().err.split())


def test_sets_that_chose_nothing_are_run_only_when_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    json_lines(tmp_path, "m1_monthly")
    places = ["--out", str(tmp_path / "runs"), "--scores", str(tmp_path / "scores.json"), "--models-dir", str(MODELS)]
    command = ["forecasting", "--data", str(tmp_path), *places, "--forecasters", "service"]
    assert main([*command, "--sets", "m1_monthly"]) == 1
    assert "not kept for the end (--final) none is called m1_monthly" in " ".join(capsys.readouterr().err.split())
    assert main([*command, "--final"]) == 0
    assert {each.dataset for each in exam.scores(tmp_path / "scores.json")} == {"m1_monthly"}


def scored(dataset: str, forecaster: str, mase: float, **other: object) -> Score:
    known = {
        "series": 10, "of": 10, "smape": 12.0, "wql": 0.3, "inside_80": 0.75, "inside_95": 0.9, "naive_mase": 2.0,
        "naive_wql": 0.6, "seconds": 5.0, "contended": False, "failures": 0, "parameters": None,
    }  # fmt: skip
    return Score(dataset=dataset, forecaster=forecaster, mase=mase, **{**known, **other})  # type: ignore[arg-type]


def test_means_are_geometric_and_over_the_sets_that_were_run() -> None:
    kept = [
        scored("m3_yearly", "AutoETS", 1.0, series=50, of=100, seconds=25.0, contended=True),
        scored("m3_quarterly", "AutoETS", 4.0, inside_80=0.85),
        scored("m3_other", "AutoETS", 99.0, series=9),
        scored("m3_yearly", "`series-gru`", 1.0),
        scored("m3_quarterly", "`series-gru`", 2.0),
        scored("m4_daily_sample", "AutoETS", 99.0),
        scored("m1_yearly", "AutoETS", 99.0),
    ]
    text = report.render(kept)
    assert "| AutoETS | 2 | 1.000 | 1.414 | 0.500 | 80.0 | 90.0 | ~500 |" in text
    assert "| m3_yearly | 1.000 (50 of 100) | 1.000 | 2.695 | 2.610 |" in text
    assert text.index("## Sets that chose nothing") < text.index("| m1_yearly | AutoETS |")


def test_smape_over_all_of_m3_is_weighted_by_series_and_needs_them_all() -> None:
    kinds = dict(zip(published.M3_KINDS, ((645, 16.0), (756, 9.0), (1428, 13.0), (174, 4.0)), strict=True))
    kept = [scored(kind, "x", 1.0, series=n, of=n, smape=smape) for kind, (n, smape) in kinds.items()]
    part = [scored(kind, "part", 1.0, series=n // 2, of=n, smape=smape) for kind, (n, smape) in kinds.items()]
    text = tables.smape_of_m3(tables.by_place([*kept, *part]))
    mean = sum(n * smape for n, smape in kinds.values()) / 3003
    assert f"| x | 16.00 | 9.00 | 13.00 | 4.00 | {mean:.2f} |" in text
    assert "part" not in text
    assert "| Theta, the winner (published) | 16.90 | 8.96 | 13.85 | 4.41 | 13.01 |" in text


def test_the_document_is_what_would_be_written_of_the_kept_scores() -> None:
    assert (MODELS.parent / "docs" / "accuracy.md").read_text() == report.render(report.kept())


def test_a_model_is_drawn_beside_its_peers_where_it_was_run_on_their_sets() -> None:
    common = [name for name in published.MASE if name != "m4_yearly"]
    whole = [scored(name, "`whole-gru`", 1.0, parameters=65_000) for name in common]
    part = [scored(name, "`part-gru`", 1.0, parameters=65_000) for name in common[1:]]
    drawn = svg(report.against_parameters(tables.by_place([*whole, *part]))).decode()
    assert "whole-gru" in drawn
    assert "TiRex" in drawn
    assert "part-gru" not in drawn
