"""Models that are loaded when they are first asked; the least recently used make room. Knows no folder and no catalog.

A card tells what a model is; its network takes milliseconds to load and a quarter of a megabyte. So all cards are kept,
and of the networks those that were asked last.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from service.cards import ModelCard
from service.inference.model import Made, Model
from service.inference.readings.reading import Reading

# Networks that one process keeps, some 60 MB of them: as many as 64 series that each look like four own models need.
MOST_LOADED = 256


class Kept:
    """The models of one process that are loaded, ``most`` at the same time. Thread-safe."""

    def __init__(self, most: int = MOST_LOADED) -> None:
        self._most = most
        self._lock = threading.Lock()
        # One that is no longer served, and that nobody is asking, is not kept by this.
        self._loaded: WeakSet[Deferred] = WeakSet()
        self.clock = itertools.count()

    def __len__(self) -> int:
        return len(self._loaded)

    def keep(self, model: Deferred) -> None:
        """``model`` was loaded just now; another may have to go, which whoever asks it still has."""
        with self._lock:
            self._loaded.add(model)
            if len(self._loaded) > self._most:
                oldest = min((each for each in self._loaded if each is not model), key=lambda each: each.used)
                self._loaded.discard(oldest)
                oldest.forget()


class Deferred(Model):
    """A model whose network, weights and plots are loaded when any of them is asked for."""

    def __init__(
        self,
        reading: Reading,
        card: ModelCard,
        looks: NDArray[np.float64],
        load: Callable[[], Made],
        is_tried: Callable[[], bool],
        kept: Kept,
        made: Made | None = None,
    ) -> None:
        """``load`` raises what keeps the model from being loaded, which whoever asks gets to know.

        ``made`` is what it would give now. ``looks`` and ``is_tried`` are as for every :class:`Model`.
        """
        super().__init__(reading, card, made, looks)
        self._load, self._is_tried, self._kept = load, is_tried, kept
        self._lock = threading.Lock()
        self.used = next(kept.clock)
        if made is not None:
            kept.keep(self)

    @property
    def ready(self) -> bool:
        return self._made is not None

    @property
    def tried(self) -> bool:
        return self._is_tried()

    def made(self) -> Made:
        found = self._made
        if found is None:
            with self._lock:
                found = self._made
                if found is None:
                    found = self._made = self._load()
                    self.used = next(self._kept.clock)
                    self._kept.keep(self)
        self.used = next(self._kept.clock)
        return found

    def forget(self) -> None:
        """It is loaded again when it is next asked."""
        self._made = None
