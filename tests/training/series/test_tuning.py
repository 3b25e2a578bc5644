"""General networks, trained on for own series: never worse than untouched where they are validated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.inference.readings.averaged.autoregression import Manner
from tests.training.general.small import SMALL, Untrained, untrained
from tests.training.series.conftest import MakePanel
from training.series.candidates import Start
from training.series.splits import Split

pytestmark = pytest.mark.tensorflow
START, SPLIT, SEASON = Start("lstm", 0), Split(4), 7


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    from training.series import published, ways

    plans = {part: replace(plan, updates=4) for part, plan in ways.PLANS.items()}
    monkeypatch.setattr(ways, "PLANS", plans)
    monkeypatch.setattr(ways, "EVERY", 2)
    monkeypatch.setattr(ways, "EXERCISES", 3)
    monkeypatch.setattr(ways, "STRENGTHS", (1e-1, 1e-3))
    # Of the published names, but small: compiling is what takes time.
    monkeypatch.setattr(published, "recipe_of", lambda start: SMALL[start.cell])
    monkeypatch.setattr(published, "network_of", untrained)


@pytest.mark.system
def test_what_is_kept_is_never_worse_than_the_untouched_network_and_is_kept_whole(
    panel_of: MakePanel, tmp_path: Path
) -> None:
    from training.series import tuning
    from training.series.published import Published
    from training.series.tuned import Tuned
    from training.series.validating import chosen_by, validation

    step = np.arange(160.0)
    rng = np.random.default_rng(0)
    panel = panel_of(*(20.0 + 5.0 * np.sin(2.0 * np.pi * step / 7.0) + rng.standard_normal(160) for _ in range(3)))
    told = []
    found = tuning.fit(START, panel, SPLIT, SEASON, report=told.append)
    assert {"untouched", "correction", "head", "whole"} <= set(found.scores)
    assert found.score <= found.scores["untouched"]
    assert set(found.updates) == set(found.ways)
    assert told[-1].done == told[-1].total
    found.save(tmp_path / "tuned.npz")
    again = Tuned.load(tmp_path / "tuned.npz")
    assert replace(again, weights=[]) == replace(found, weights=[])
    for one, other in zip(again.weights, found.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    # The untouched score is that of the network begun with, as it is served.
    published = Published(START)
    reading = published.reading(SEASON)
    score = validation(reading, reading.context, panel, SPLIT, SEASON, chosen_by(panel, SPLIT))
    assert score(published.served(published.weights)) == found.scores["untouched"]


def test_where_every_way_does_harm_the_untouched_network_is_kept(
    panel_of: MakePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.series import tuning, ways
    from training.series.published import Published

    monkeypatch.setattr(ways, "Tuning", Untrained)
    scores = iter([1.0, *[2.0] * 50])
    monkeypatch.setattr(tuning, "validation", lambda *_: lambda _: next(scores))
    panel = panel_of(np.sin(0.5 * np.arange(160.0)))
    monkeypatch.setattr(tuning.averaging, "search", lambda *_: tuning.averaging.Found(0.0, None, 1.0, np.ones(3)))
    found = tuning.fit(START, panel, SPLIT, None, 2)
    assert found.ways == ["untouched"]
    assert found.averaged is None
    assert found.score == 1.0
    for one, other in zip(found.weights, Published(START).weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_ways_are_averaged_where_their_average_does_better(
    panel_of: MakePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.series import tuning, ways
    from training.series.published import Published

    monkeypatch.setattr(ways, "Tuning", Untrained)
    # Untouched; the correction of either strength; head and whole after 2 updates; then averages with the best.
    scores = iter([4.0, 2.0, 3.0, 2.5, 2.2, 1.5, 1.7, 1.6])
    monkeypatch.setattr(tuning, "validation", lambda *_: lambda _: next(scores))
    beside = tuning.averaging.Found(0.3, Manner(lags=24), 1.2, np.ones(3))
    monkeypatch.setattr(tuning.averaging, "search", lambda *_: beside)
    found = tuning.fit(START, panel_of(np.sin(0.5 * np.arange(160.0))), SPLIT, None, 2)
    assert found.ways == ["correction", "whole"]
    assert found.scores["average"] == 1.5
    assert found.score == found.scores["with an autoregression"] == 1.2
    published = Published(START)
    assert published.reading(None, averaged=found.averaged) == beside.reading(published.reading(None))
    assert found.updates == {"correction": 0, "whole": 2}
