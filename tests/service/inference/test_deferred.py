"""Networks are loaded when they are first asked, so many at the same time, and the least recently used go."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.errors import ModelUnavailable
from service.inference.catalog import Catalog
from service.inference.deferred import Deferred, Kept
from service.inference.model import NO_LOOKS, Made


class Shelf:
    """Makes deferred models, and counts how often each was loaded."""

    def __init__(self, catalog: Catalog, most: int) -> None:
        self._like, self.kept, self.loads = catalog.get("sine-gru"), Kept(most), dict[str, int]()

    def model(self, name: str) -> Deferred:
        def load() -> Made:
            self.loads[name] = self.loads.get(name, 0) + 1
            return self._like.made()

        card = self._like.card.model_copy(update={"name": name})
        return Deferred(self._like.reading, card, NO_LOOKS, load, lambda: True, self.kept)


@pytest.fixture
def shelf(catalog: Catalog) -> Shelf:
    return Shelf(catalog, 2)


def test_a_model_is_loaded_when_it_is_first_asked_and_only_then(shelf: Shelf) -> None:
    model = shelf.model("a")
    assert (model.ready, shelf.loads) == (False, {})
    assert model.network is model.network
    assert "loss" in model.plots
    assert (model.ready, shelf.loads) == (True, {"a": 1})


def test_the_least_recently_asked_makes_room(shelf: Shelf) -> None:
    a, b, c = (shelf.model(name) for name in "abc")
    for each in (a, b, a, c):
        each.made()
    assert [each.ready for each in (a, b, c)] == [True, False, True]
    assert len(shelf.kept) == 2
    b.made()
    assert shelf.loads == {"a": 1, "b": 2, "c": 1}


def test_many_that_ask_at_once_load_it_once(shelf: Shelf) -> None:
    model, together = shelf.model("a"), threading.Barrier(8)

    def ask(_: int) -> Made:
        together.wait()
        return model.made()

    with ThreadPoolExecutor(8) as threads:
        assert len(set(map(id, threads.map(ask, range(8))))) == 1
    assert shelf.loads == {"a": 1}


def test_what_keeps_it_from_being_loaded_is_told_to_everybody_who_asks(catalog: Catalog) -> None:
    like = catalog.get("sine-gru")

    def load() -> Made:
        raise ModelUnavailable("no")

    model = Deferred(like.reading, like.card, NO_LOOKS, load, lambda: True, Kept())
    for _ in range(2):
        with pytest.raises(ModelUnavailable, match="no"):
            model.made()
    assert not model.ready
