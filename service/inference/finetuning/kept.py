"""Models that are made on request: each once, in the folder of own models; listed and deleted. Knows no protocol."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import os
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from service.arrays import Floats
from service.cards import ModelCard
from service.errors import InvalidInput, ModelRejected, Problem, UnknownModel
from service.folders import is_name, read_described
from service.inference.finetuning.folder import VERSION, Made, made_of, write
from service.inference.finetuning.tuning import tuned
from service.inference.model import Model
from service.inference.padding import batches
from service.inference.readings.general.reading import General
from service.inference.repository import Repository

if sys.platform != "win32":
    import fcntl

logger = logging.getLogger(__name__)

# Models that may be kept at the same time.
MOST = 100
# Microseconds that one takes: the most of it is the network's reading of excerpts, of which there are always as many.
MICROSECONDS = 8e6


class Asked(NamedTuple):
    """``series`` [values] with NaN at gaps; ``season`` is None where it is to be found.

    ``base`` is the general model to begin with, None for the service's choice, and ``name`` that of the model to be
    made, None for one that follows from what is asked. ``client``, ``model``, ``freq``, ``steps``, ``depth`` and
    ``loss`` are kept as they came.
    """

    series: Sequence[Floats]
    season: int | None
    base: str | None
    name: str | None
    client: str
    model: str
    freq: str
    steps: int
    depth: int
    loss: str


class Kept:
    """The models of one repository that were made on request. Its methods block and are thread-safe."""

    def __init__(self, repository: Repository) -> None:
        self._repository, self._catalog = repository, repository.catalog

    def all(self) -> list[ModelCard]:
        """Their cards, the oldest first."""
        found = [(made.created_at, model.card) for model in self._catalog if (made := made_of(model.card))]
        return [card for _, card in sorted(found, key=lambda each: each[0])]

    def get(self, name: str) -> ModelCard:
        """The card of one; raises UnknownModel."""
        card = self._catalog.get(name).card
        if made_of(card) is None:
            raise UnknownModel("no fine-tuned model has that id")
        return card

    def remove(self, name: str) -> None:
        """Delete one for good; raises UnknownModel."""
        self.get(name)
        self._repository.remove(name)
        logger.info("%s was deleted", name)

    def make(self, asked: Asked) -> ModelCard:
        """The card of the model that was asked for, made now where it was not made before.

        The same series, season and base make the same model: who asks again gets it, at once.

        Raises:
            InvalidInput: the id is no name or is taken, the base is no general model, there are too many models, the
                series teach nothing, or own models cannot be kept here.
            UnknownModel, ModelUnavailable: of the base, as of every model.
        """
        base, reading = self._base(asked.base)
        season = _found(asked.series) if asked.season is None else asked.season
        digest = _digest(asked.series, season, base)
        name = str(uuid.UUID(digest[:32])) if asked.name is None else asked.name
        if not is_name(name):
            raise _wrong("output_model_id", "an id of at most 100 of a-z, 0-9 and -, the first no -", "invalid_name")
        folder = self._repository.folders[0]
        try:
            with _alone(folder):
                return self._there(folder, name, digest) or self._made(asked, name, base, reading, season, digest)
        except OSError as error:
            logger.warning("own models cannot be kept in %s: %s", folder, error)
            raise InvalidInput(
                "own models cannot be kept here: the folder of own models (UNROLL_MODELS_DIR) cannot be written to",
                code="not_offered",
            ) from error

    def _base(self, name: str | None) -> tuple[Model, General]:
        base = self._catalog.candidates.default if name is None else self._catalog.get(name)
        if base is None or not isinstance(base.reading, General) or not base.reading.any_series:
            raise _wrong("model", "a general model, as series-gru, or one made of such", "not_offered")
        return base, base.reading

    def _there(self, folder: Path, name: str, digest: str) -> ModelCard | None:
        """The card of a model of that ``name`` which is there already; raises InvalidInput where it is another."""
        path = folder / name / VERSION
        if self._catalog.find(name) is None and not path.exists() and name not in self._catalog.tasks():
            return None
        try:
            card, of_card = read_described(path)
        except ModelRejected:  # it is somewhere else, or another's
            card = None
        if card is None or made_of(card) is None or card.training.data_sha256 != digest:
            raise _wrong("output_model_id", "an id that no other model has: choose another, or delete that", "taken")
        if self._catalog.find(name) is None:
            self._repository.adopt(name, of_card)
        return card

    def _made(self, asked: Asked, name: str, base: Model, reading: General, season: int, digest: str) -> ModelCard:
        self._repository.follow()
        if len(self.all()) >= MOST:
            raise InvalidInput(
                f"there are {MOST} fine-tuned models, as many as may: delete one", code="too_many_models"
            )
        began, folder = time.perf_counter(), self._repository.folder(base.card.name)
        found = tuned(folder.onnx, reading, asked.series, season)
        made = Made(
            created_at=dt.datetime.now(dt.UTC).isoformat(),
            created_by=asked.client,
            base_model_id=base.card.name,
            steps=asked.steps,
            depth=asked.depth,
            loss=asked.loss,
            model=asked.model,
            freq=asked.freq,
            helped=found.strength is not None,
            mase_before=found.before.mae,
            mase_after=found.after.mae,
        )
        own = General(quantiles=reading.quantiles, context=reading.context, season=season if season > 1 else None)
        seconds = time.perf_counter() - began
        out = self._repository.folders[0]
        write(out, name, folder, own, found, asked.series, digest, seconds, made)
        card, of_card = read_described(out / name / VERSION)
        self._repository.adopt(name, of_card)
        logger.info("%s was made from %s in %.1f s", name, base.reference, seconds)
        return card


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Within, no other thread or process of this machine makes a model in ``folder``, which is made where it is not."""
    folder.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        yield
        return
    at = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(at, fcntl.LOCK_EX)
        yield
    finally:
        os.close(at)


def _digest(series: Sequence[Floats], season: int, base: Model) -> str:
    """Hex SHA-256 of all that determines the model."""
    sha = hashlib.sha256(f"{season} {base.card.checksums}".encode())
    for each in series:
        sha.update(len(each).to_bytes(8, "little") + np.ascontiguousarray(each, "<f8").tobytes())
    return sha.hexdigest()


def _found(series: Sequence[Floats]) -> int:
    """The season that most of the series show, 1 where that is none."""
    counts: dict[int, int] = {}
    for batch in batches([each.tolist() for each in series]):
        for season in batch.season_within(batch.lengths).tolist():
            counts[season] = counts.get(season, 0) + 1
    return max(counts, key=lambda season: counts[season])


def _wrong(where: str, expected: str, code: str) -> InvalidInput:
    return InvalidInput(f"{where}: expected {expected}", code=code, problems=(Problem(where, expected),))
