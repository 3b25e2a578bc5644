"""From a model's folder to a model: its card read, tried elsewhere unless somebody vouches for it, and then loaded.

Of many folders the first are loaded at once, and the others when they are first asked for: by then they were tried, all
in one process, or one has to be tried for whoever asks. Knows no catalog.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.cards import ModelCard
from service.errors import InvalidInput, ModelPending, ModelRejected, ModelUnavailable, UnrollError
from service.folders import read_described, read_folder, read_golden, reference_of
from service.inference.candidates import looks_of
from service.inference.catalog import Runtime, load
from service.inference.deferred import Deferred, Kept
from service.inference.model import NO_LOOKS, Made, Model
from service.inference.padding import batches
from service.inference.readings import reading_of
from service.inference.readings.reading import Reading
from service.inference.vetting import Vetting

log = logging.getLogger(__name__)

# So many of the folders that are read together are loaded at once, first those that somebody vouches for.
AT_ONCE = 32


class Described(NamedTuple):
    """What a folder says of itself: its card, the digest of that, and ``looks`` (see ``candidates.looks_of``)."""

    card: ModelCard
    reading: Reading
    digest: str
    looks: NDArray[np.float64]

    @staticmethod
    def of(path: Path) -> Described:
        """Raises ModelRejected where its card is bad, or the golden answers of a model that reads any series."""
        card, digest = read_described(path)
        try:
            reading = reading_of(card)
        except UnrollError as error:
            raise ModelRejected(f"{reference_of(path)}: {error.detail}") from error
        if not reading.any_series:
            return Described(card, reading, digest, NO_LOOKS)
        shown = [case.sequence for case in read_golden(path, card).cases]
        try:
            looks = np.concatenate([looks_of(batch) for batch in batches(shown)], axis=1)
        except InvalidInput as error:
            raise ModelRejected(f"{reference_of(path)}: its golden sequences: {error.detail}") from error
        return Described(card, reading, digest, looks[:, np.isfinite(looks).all(axis=0)])


class Opening:
    """Opens folders for one process. Thread-safe."""

    def __init__(self, runtime: Runtime, ending: Callable[[], bool], withdraw: Callable[[Path, str], None]) -> None:
        """``ending`` tells whether the process is to end.

        ``withdraw(path, reason)`` is called where a folder turns out to be bad when its model is asked for.
        """
        self._runtime, self._withdraw = runtime, withdraw
        self._vetting = Vetting(runtime, ending)
        self._kept = Kept()

    def models(self, paths: Iterable[Path]) -> dict[Path, Model | ModelRejected]:
        """Each folder's model, or why it is refused."""
        read: dict[Path, Model | ModelRejected] = {}
        described: dict[Path, Described] = {}
        for path in paths:
            try:
                described[path] = Described.of(path)
            except ModelRejected as error:
                read[path] = error
        at_once = sorted(described, key=lambda path: not self._vetting.vouches(described[path].digest))[:AT_ONCE]
        read |= self._vetting.refusals(at_once)
        for path in at_once:
            if path not in read:
                read[path] = self._loaded(path, described[path])
        later = {path: self._model(path, each) for path, each in described.items() if path not in read}
        return {**read, **later}

    def vouch(self, digest: str) -> None:
        """See :meth:`Vetting.vouch`."""
        self._vetting.vouch(digest)

    def refusals(self, paths: Sequence[Path]) -> dict[Path, ModelRejected]:
        """Those of ``paths`` that cannot be loaded, with the reason; see :meth:`Vetting.refusals`."""
        return self._vetting.refusals(paths)

    def _loaded(self, path: Path, described: Described) -> Model | ModelRejected:
        try:
            return self._model(path, described, self._load(path, described.digest))
        except ModelRejected as error:
            return error

    def _model(self, path: Path, described: Described, made: Made | None = None) -> Model:
        card, reading, digest, looks = described
        load, is_tried = partial(self._asked_for, path, digest), partial(self._vetting.vouches, digest)
        return Deferred(reading, card, looks, load, is_tried, self._kept, made)

    def _asked_for(self, path: Path, digest: str) -> Made:
        """What is made of a folder whose card has this ``digest``; raises ModelUnavailable with the reason."""
        try:
            if (refusal := self._vetting.refusals([path]).get(path)) is not None:
                raise refusal
            return self._load(path, digest)
        except ModelPending as error:
            raise ModelUnavailable(f"this model cannot be loaded now: {error.detail}") from error
        except ModelRejected as error:
            log.warning("%s", error.detail)
            self._withdraw(path, error.detail)
            raise ModelUnavailable(f"this model is not served: {error.detail}") from error

    def _load(self, path: Path, digest: str) -> Made:
        """Raises ModelRejected."""
        folder = read_folder(path)
        if folder.digest != digest or not self._vetting.vouches(digest):
            raise ModelPending(f"{reference_of(path)}: it was changed while it was loaded")
        return load(folder, self._runtime).made()
