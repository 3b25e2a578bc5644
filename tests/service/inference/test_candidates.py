"""Of a thousand own models a few are tried on a series: those that were made from what looks like it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from service.cards import ModelCard
from service.errors import ModelUnavailable
from service.http.admission import INLINE
from service.inference.candidates import MOST_TRIED, looks_of
from service.inference.engine import Engine
from service.inference.model import Model
from service.inference.opening import AT_ONCE
from service.inference.padding import batches
from service.inference.repository import Repository
from tests.conftest import MODELS
from tests.own_series import LIKE, add_many_own_series, add_own_series

MANY, SOME = 1000, 150


def drawn(place: int) -> list[float]:
    """48 values of a series with a level, a unit and a season of its own."""
    rng = np.random.default_rng(place)
    level, share, turn = 10.0 ** rng.uniform(0, 5), rng.uniform(0.05, 1.0), rng.uniform(0.1, 1.5)
    steps = np.arange(48)
    return (level * (1.0 + share * np.sin(turn * steps) + 0.02 * rng.standard_normal(48).cumsum())).tolist()


class Start(NamedTuple):
    """Processor seconds of a start with a thousand own models beside the published, and of reading all cards."""

    repository: Repository
    seconds: float
    cards: float


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    made = tmp_path_factory.mktemp("many")
    add_many_own_series(made, [drawn(place) for place in range(MANY)])
    began = time.process_time()
    for path in made.iterdir():
        ModelCard.model_validate_json((path / "1" / "card.json").read_bytes())
    read = time.process_time()
    repository = Repository(made, MODELS)
    return Start(repository, time.process_time() - read, read - began)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Some such models and the published ones, all of them tried."""
    made = tmp_path_factory.mktemp("some")
    add_many_own_series(made, [drawn(place) for place in range(SOME)])
    return all_tried(Repository(made, MODELS))


def all_tried(repository: Repository) -> Repository:
    while not all(model.tried for model in repository.catalog):  # each time for ten seconds at the most
        repository.try_others()
    return repository


def tried_on(repository: Repository, series: list[float]) -> list[str]:
    ((_, models),) = repository.catalog.candidates.of(next(batches([series])))
    return [model.card.name for model in models if model.card.family == "own"]


def loaded(repository: Repository) -> list[Model]:
    return [model for model in repository.catalog.everyone() if model.ready]


def test_a_thousand_own_models_are_served_and_few_of_them_loaded(start: Start) -> None:
    repository = start.repository
    assert len(repository.catalog) == MANY + len(list(MODELS.glob("*/1")))
    assert len(loaded(repository)) == AT_ONCE
    asked = next(model for model in repository.catalog if not model.ready)
    assert Engine(repository.catalog).predict([LIKE], asked.card.name)[0].model == asked.card.name
    assert asked.ready


def test_a_start_with_a_thousand_own_models_takes_what_their_cards_take(start: Start) -> None:
    assert start.seconds < 30 * start.cards  # in truth three times


def test_the_end_of_a_series_is_tried_on_its_own_model(many: Repository) -> None:
    series = range(0, SOME, 4)
    own = [f"series-{place}" in tried_on(many, drawn(place)[20:]) for place in series]
    assert sum(own) > 0.8 * len(own)


def test_a_few_models_are_tried_and_none_on_a_series_that_looks_like_nothing_known(many: Repository) -> None:
    counts = [len(tried_on(many, drawn(place)[20:])) for place in range(0, SOME, 4)]
    assert max(counts) == MOST_TRIED
    for other in ([1e9 * value for value in LIKE], [1.0, 2.0], [5.0] * 30, [float(k) for k in range(30)]):
        assert tried_on(many, other) == []


def test_what_a_series_is_tried_on_is_the_same_alone_and_among_others(many: Repository) -> None:
    sequences = [drawn(place)[place % 30 :] for place in range(64)]
    engine = Engine(many.catalog)
    assert engine.predict(sequences) == [engine.predict([each])[0] for each in sequences]


def test_a_look_takes_less_than_the_answer_without_own_models(many: Repository, engine: Engine) -> None:
    with_own, series = Engine(many.catalog), [float(k * k % 17) * 1e9 for k in range(24)]
    assert tried_on(many, series) == []

    def seconds(asked: Engine) -> float:
        times = []
        for _ in range(60):
            began = time.process_time()
            asked.predict([series])
            times.append(time.process_time() - began)
        return min(times)

    assert seconds(with_own) < 10 * seconds(engine)  # in truth 1.2 times


def test_a_model_that_is_not_loaded_is_never_loaded_on_the_event_loop(many: Repository) -> None:
    engine = Engine(many.catalog)
    name = next(model.card.name for model in many.catalog if not model.ready)
    assert engine.prices.predict(1, 16, name, None).microseconds > INLINE
    series = next(
        each for each in map(drawn, range(SOME)) if any(not many.catalog.get(n).ready for n in tried_on(many, each))
    )
    assert engine.prices.predict(1, 48, None, None, [series]).microseconds > INLINE
    dear = engine.prices.predict(1, 48, None, None, [series]).microseconds
    engine.predict([series])
    assert engine.prices.predict(1, 48, None, None, [series]).microseconds < dear - 20_000.0


def test_an_own_model_that_nobody_tried_yet_answers_by_its_name_only(many: Repository) -> None:
    repository = Repository(*many.folders)
    untried = [model.card.name for model in repository.catalog if not model.tried]
    series = {name: drawn(int(name.removeprefix("series-"))) for name in untried[:20]}
    assert not any(name in tried_on(repository, each) for name, each in series.items())
    all_tried(repository)
    assert all(name in tried_on(repository, each) for name, each in series.items())


def test_a_bad_folder_that_was_not_loaded_at_once_is_refused_when_it_is_tried_or_asked(tmp_path: Path) -> None:
    names = add_many_own_series(tmp_path, [drawn(place) for place in range(AT_ONCE + 2)])
    for name in sorted(names)[-2:]:
        (tmp_path / name / "1" / "model.onnx").unlink()
        (tmp_path / name / "1" / "model.onnx").write_bytes(b"no network")
    repository = Repository(tmp_path)
    asked, tried = sorted(names)[-2:]
    assert repository.catalog.refused == {}
    with pytest.raises(ModelUnavailable, match="checksum"):
        Engine(repository.catalog).predict([LIKE], asked)
    assert list(repository.catalog.refused) == [f"{asked}/1"]
    all_tried(repository)
    assert sorted(repository.catalog.refused) == [f"{asked}/1", f"{tried}/1"]
    assert [entry.name for entry in repository.index() if not entry.served] == [asked, tried]


def test_a_series_of_two_own_models_that_share_all_looks_says_nothing(tmp_path: Path) -> None:
    add_own_series(tmp_path, "sales")
    assert tried_on(Repository(tmp_path), LIKE) == ["sales-gru", "sales-lstm", "sales-simplernn"]
    add_own_series(tmp_path, "rent")
    assert tried_on(Repository(tmp_path), LIKE) == []


def test_looks_tell_level_span_unit_and_roughness() -> None:
    batch = next(batches([[1.0, 3.0, 2.0, 4.0], [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0]]))
    looks = dict(zip(batch.rows.tolist(), looks_of(batch).T.tolist(), strict=True))
    assert looks[0] == pytest.approx([2.5, 3.0, 5 / 3, 3 / (5 / 3)])
    assert looks[1] == pytest.approx([2.5, 3.0, 1.0, 0.0])
    assert np.isnan(looks[2][0])
