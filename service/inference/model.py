"""A network, its card and how it reads: from a padded batch to answers in the caller's own units."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.cards import ModelCard
from service.errors import InvalidInput, NonFiniteOutput, Problem
from service.inference.batch import Batch
from service.inference.carrying import HasRead
from service.inference.half_widths import HalfWidths
from service.inference.intervals import Fan
from service.inference.network import State
from service.inference.readings.reading import Origins, Reading
from service.inference.readings.told import Ahead, Answers, Foretold
from service.inference.sequences import IN_WORDS

Weights = Mapping[str, NDArray[np.float32]]


class Made(NamedTuple):
    """What a model is made of beside its card: loaded from a folder, or put in by a test.

    ``weights`` reads those of the ONNX form by name; ``plots`` are the SVG files ``loss`` and ``fit``.
    """

    network: Any
    weights: Callable[[], Weights]
    plots: Mapping[str, bytes]


# Of a model that no series is known for.
NO_LOOKS = np.empty((4, 0))


class Model:
    """One version of a model. Its answers are finite, or NonFiniteOutput is raised."""

    def __init__(self, reading: Reading, card: ModelCard, made: Made | None, looks: Floats = NO_LOOKS) -> None:
        """``looks`` [4, sequences] are those of the series that it was made from; see ``candidates.looks_of``."""
        self.reading = reading
        self.card = card
        self._made = made
        self.looks = looks
        self.reference = f"{card.name}/{card.version}"
        self.half_widths = None if card.intervals is None else HalfWidths(card.intervals)
        # What a value costs: how often it is read, and by how much.
        self.reads, self.parameters = reading.reads, card.parameters
        # Whether it may answer a sequence that came without a model's name: a rule beat it nowhere.
        self.may_be_chosen = reading.any_series and card.beaten_by is None

    @property
    def ready(self) -> bool:
        """Whether it answers at once, and is not loaded first."""
        return True

    @property
    def tried(self) -> bool:
        """Whether loading it is known to be safe."""
        return True

    def made(self) -> Made:
        """What it is made of, loaded now where it is not. Raises ModelUnavailable."""
        assert self._made is not None  # noqa: S101  # else another class is meant
        return self._made

    @property
    def network(self) -> Any:
        """The network, as the reading asks it."""
        return self.made().network

    @property
    def weights(self) -> Callable[[], Weights]:
        """Reads the weights of the ONNX form by name."""
        return self.made().weights

    @property
    def plots(self) -> Mapping[str, bytes]:
        """The SVG files ``loss`` and ``fit``."""
        return self.made().plots

    def require(self, batch: Batch) -> None:
        """Refuse a batch that this model has no answer for.

        Raises:
            InvalidInput: wrong kind of sequence, a length that is not accepted, gaps, other covariates than it takes,
                or what its reading refuses.
        """
        if batch.kind != self.reading.input:
            expected = IN_WORDS[self.reading.input]
            raise InvalidInput(
                f"{self.card.name} reads {expected}", code="wrong_input", problems=(Problem("sequence", expected),)
            )
        shortest, longest = self.card.lengths.accepted
        lengths = self.reading.counted(batch)
        if lengths.min() < shortest:
            self._refuse(batch, lengths < shortest, "sequence_too_short", f"at least {shortest} steps")
        if longest is not None and lengths.max() > longest:
            self._refuse(batch, lengths > longest, "sequence_too_long", f"at most {longest} steps")
        if batch.seen is not None and not self.reading.gaps:
            expected = "sequences without gaps: of the served models the general ones, as series-gru, take null"
            self._refuse(batch, ~np.logical_and.reduce(batch.seen, axis=1), "gaps", expected)
        self.reading.require_beside(self.card.name, batch)
        for bad, code, expected in self.reading.refusals(batch):
            if bad.any():
                self._refuse(batch, bad, code, expected)

    def having_read(self, outputs: Sequence[NDArray[np.float32]]) -> Model:
        """The model to ask about a batch at whose steps the network has answered ``outputs`` [sequences] already."""
        found = Model.__new__(Model)
        found.__dict__.update(self.__dict__, _made=self.made()._replace(network=HasRead(outputs)))
        return found

    def read(self, batch: Batch, start: int = 0) -> Answers:
        """What the network answers to ``batch`` after each step from ``start`` on."""
        answers = self.reading.read(self.network, batch, start)
        self._require_finite(batch.last(answers.predictions))
        return answers

    def answer(self, batch: Batch) -> tuple[Floats, State | None]:
        """The answers to ``batch`` [sequences], and the state after it."""
        answers, state = self.reading.answer(self.network, batch)
        self._require_finite(answers)
        return answers, state

    def ahead(self, batch: Batch, answers: Floats, state: State | None, horizon: int) -> Ahead:
        """What follows each sequence, on from what :meth:`answer` gave."""
        found = self.reading.ahead(self.network, batch, answers, state, horizon)
        self._require_finite(found.values)
        return found

    def foretold(self, batch: Batch, origins: Origins, horizon: int) -> Foretold:
        """See :meth:`Reading.foretold`."""
        found = self.reading.foretold(self.network, batch, origins, horizon)
        self._require_finite(found.ahead.values)
        return found

    def history(self, batch: Batch) -> tuple[Floats, Fan | None]:
        """See :meth:`Reading.history`; nobody has looked whether these answers are finite."""
        return self.reading.history(self.network, batch)

    def _require_finite(self, answers: Floats) -> None:
        if not np.isfinite(answers).all():
            raise NonFiniteOutput(f"{self.reference} answered with a number that is not finite")

    def _refuse(self, batch: Batch, bad: NDArray[np.bool_], code: str, expected: str) -> None:
        places = batch.rows[bad][:10].tolist()
        raise InvalidInput(
            f"{self.card.name} takes {expected}",
            code=code,
            problems=tuple(Problem(f"sequences.{place}", expected) for place in places),
        )
