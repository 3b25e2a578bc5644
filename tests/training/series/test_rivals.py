"""The rivals against independent oracles, none of them looking ahead."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from service.arrays import Floats
from service.inference import rules
from tests.training.series.conftest import MakePanel
from training.series import rivals, work
from training.series.measures import entries, overall, scales
from training.series.splits import Split, origins


def autoregressive(count: int = 600, seed: int = 0) -> Floats:
    """A stationary AR(2) about 50: x_t - 50 = 1.2 (x_{t-1} - 50) - 0.5 (x_{t-2} - 50) + noise."""
    rng = np.random.default_rng(seed)
    values = np.zeros(count + 50)
    for t in range(2, len(values)):
        values[t] = 1.2 * values[t - 1] - 0.5 * values[t - 2] + rng.standard_normal()
    found: Floats = 50.0 + values[50:]
    return found


def test_least_squares_finds_the_autoregression_it_was_drawn_from() -> None:
    coefficients, deviation = rivals._fit_ar(autoregressive(5_000))
    assert coefficients[1:3] == pytest.approx([1.2, -0.5], abs=0.05)
    assert coefficients[0] / (1.0 - coefficients[1:].sum()) == pytest.approx(50.0, abs=0.5)
    assert deviation == pytest.approx(1.0, abs=0.05)


def test_the_autoregressions_intervals_hold_what_they_say(panel_of: MakePanel) -> None:
    panel, split = panel_of(autoregressive(3_000)), Split(10)
    chosen = origins(panel, split, "holdout", 600)
    made = rivals.autoregression(panel, split, chosen, None)
    for entry in entries("AR", made, chosen, scales(panel, split, None)):
        assert entry.coverage is not None
        assert entry.coverage["80"] == pytest.approx(0.8, abs=0.06)
        assert entry.coverage["95"] == pytest.approx(0.95, abs=0.04)


def test_a_service_rule_is_what_the_service_answers(panel_of: MakePanel) -> None:
    panel, split = panel_of(autoregressive(120)), Split(4)
    chosen = origins(panel, split, "holdout", 50)
    made = rivals.service_rule("ar2")(panel, split, chosen, None)
    at = int(chosen.at[7])
    past = panel.series[0].values[None, :at]
    np.testing.assert_allclose(made.values[7], rules.extend("ar2", past, np.array([at], np.int32), 4)[0])


def test_the_seasonal_rule_repeats_the_last_season_beyond_its_end(panel_of: MakePanel) -> None:
    panel, split = panel_of(np.tile([1.0, 5.0, 9.0], 40)), Split(7)
    chosen = origins(panel, split, "holdout", 50)
    made = rivals.seasonal_naive(panel, split, chosen, 3)
    np.testing.assert_array_equal(made.values[~np.isnan(chosen.truth)], chosen.truth[~np.isnan(chosen.truth)])


def test_no_rival_sees_what_it_predicts(panel_of: MakePanel) -> None:
    values = autoregressive(150)
    split = Split(3)
    chosen = origins(panel_of(values), split, "holdout", 20)
    changed = values.copy()
    changed[chosen.at[10] :] += 1_000.0
    for name, rival in rivals.rivals(4).items():
        before = rival(panel_of(values), split, chosen, 4).values[:11]
        np.testing.assert_array_equal(rival(panel_of(changed), split, chosen, 4).values[:11], before, err_msg=name)


def test_without_a_season_there_is_no_seasonal_rule() -> None:
    assert "seasonal naive" not in rivals.rivals(None)
    assert "seasonal naive" in rivals.rivals(12)


@pytest.mark.skipif(bool(rivals.missing()), reason="the extra `series` is not installed")
def test_auto_arima_comes_close_to_the_truth_on_an_autoregression(panel_of: MakePanel) -> None:
    panel, split = panel_of(autoregressive(400)), Split(3)
    chosen = origins(panel, split, "holdout", 40)
    scale = scales(panel, split, None)
    arima = entries("AutoARIMA", rivals.automatic("AutoARIMA")(panel, split, chosen, None), chosen, scale)
    naive = entries("naive", rivals.service_rule("naive")(panel, split, chosen, None), chosen, scale)
    assert overall(arima) < overall(naive)
    assert arima[0].coverage is not None
    assert 0.6 < arima[0].coverage["80"] < 0.95


@pytest.mark.skipif(bool(rivals.missing()), reason="the extra `series` is not installed")
def test_a_series_that_statsforecast_cannot_fit_is_named(
    panel_of: MakePanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise ValueError("No suitable ARIMA model found")

    panel = panel_of(autoregressive(150))
    monkeypatch.setattr(rivals, "_automatic", failing)
    job = work.Assignment("x", "x.csv", panel, Split(3), None, 0, None, ("gru",), tmp_path, tmp_path)
    said = work.judge(job, "AutoARIMA", lambda _: None)
    assert said == "0 cannot be fitted, ValueError: No suitable ARIMA model found"


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "statsforecast" else found(name))
    assert rivals.missing() == ("AutoETS", "AutoTheta", "AutoARIMA")
    assert set(rivals.rivals(12)).isdisjoint(rivals.OPTIONAL)
