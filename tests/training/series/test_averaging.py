"""Whether an autoregression is averaged with a general network: by the validation origins, as it will be served."""

from __future__ import annotations

import numpy as np
import pytest

from service.folders import read_folder
from service.inference.catalog import load
from service.inference.readings.general.network import GeneralNetwork
from service.inference.readings.general.reading import General
from tests.conftest import MODELS
from tests.training.series.conftest import MakePanel
from training.series import averaging
from training.series.panel import Panel
from training.series.splits import Split
from training.series.validating import chosen_by, validation

SPLIT = Split(4)


@pytest.fixture(scope="module")
def network() -> GeneralNetwork:
    found: GeneralNetwork = load(read_folder(MODELS / "series-gru" / "1")).network
    return found


@pytest.fixture(scope="module")
def reading() -> General:
    model = load(read_folder(MODELS / "series-gru" / "1"))
    return General.model_validate(model.reading.spec())


@pytest.fixture(scope="module")
def swings(panel_of: MakePanel) -> Panel:
    """What an autoregression of two terms explains, and a season does not."""
    rng, values = np.random.default_rng(2), np.zeros((2, 240))
    for step in range(2, 240):
        values[:, step] = 1.7 * values[:, step - 1] - 0.95 * values[:, step - 2] + rng.standard_normal(2)
    return panel_of(*values)


def test_its_score_is_that_of_what_is_served(network: GeneralNetwork, reading: General, swings: Panel) -> None:
    chosen = chosen_by(swings, SPLIT)

    def score(own: General) -> float:
        return validation(own, own.context, swings, SPLIT, None, chosen)(network)

    found = averaging.search(reading, network, network, swings, SPLIT, None, chosen, np.inf)
    assert found.score == pytest.approx(score(found.reading(reading)), rel=1e-9)
    assert found.share > 0.5
    assert found.score < 0.8 * score(reading)


def test_where_it_does_harm_the_network_stays_alone(
    network: GeneralNetwork, reading: General, swings: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(averaging.autoregression, "quantiles", lambda *asked: np.full((len(asked[0]), 1, 4, 1), 1e6))
    chosen = chosen_by(swings, SPLIT)
    found = averaging.search(reading, network, network, swings, SPLIT, None, chosen, np.inf)
    assert found[:2] == (0.0, None)
    assert found.kept() is None
    assert found.reading(reading) is reading
    assert found.score == validation(reading, reading.context, swings, SPLIT, None, chosen)(network)


def test_few_series_find_a_share_in_the_training_part_too_unless_it_does_worse_than_the_standing_network(
    network: GeneralNetwork, reading: General, panel_of: MakePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = {1: 0.7, 2: 0.3}  # by the parts that are looked at
    monkeypatch.setattr(averaging, "_share", lambda held, manner: shares[len(held)])
    series = np.cumsum(np.random.default_rng(3).standard_normal((20, 80)), axis=1)

    def found(count: int, most: float) -> averaging.Found:
        panel = panel_of(*series[:count])
        return averaging.search(reading, network, network, panel, SPLIT, None, chosen_by(panel, SPLIT), most)

    assert found(2, np.inf).share == shares[2]
    assert found(2, 1e-9).share == shares[1]
    assert found(20, np.inf).share == shares[1]


def test_only_many_series_are_drawn_to_a_rule(network: GeneralNetwork, reading: General, panel_of: MakePanel) -> None:
    walks = np.cumsum(1.0 + np.random.default_rng(3).standard_normal((20, 80)), axis=1)

    def drawn_to(count: int) -> str | None:
        panel = panel_of(*walks[:count])
        found = averaging.search(reading, network, network, panel, SPLIT, None, chosen_by(panel, SPLIT), np.inf)
        return None if found.manner is None else found.manner.drawn_to

    assert drawn_to(20) == "last"
    assert drawn_to(19) in ("mean", None)


def test_the_shortest_series_for_a_far_horizon_have_no_origins_to_train_on(
    network: GeneralNetwork, reading: General, panel_of: MakePanel
) -> None:
    split = Split(60)
    panel = panel_of(np.cumsum(np.random.default_rng(0).standard_normal(split.shortest)))
    chosen = chosen_by(panel, split)
    assert np.isfinite(averaging.search(reading, network, network, panel, split, None, chosen, np.inf).score)


def test_the_lags_reach_beyond_a_season_where_so_many_are_allowed() -> None:
    assert [averaging.lags_of(season) for season in (1, 12, 52, 168)] == [24, 24, 56, 24]
