"""One stream up to its last value, and what is answered to those that come: errors, flags, drift.

Everything here can be rebuilt from what is on record, on any machine, to the bit; nothing needs to be kept. Knows no
database.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import orjson

from service.arrays import Floats
from service.errors import InvalidInput, Problem
from service.inference.answers import Prediction
from service.inference.carrying import Carried
from service.inference.engine import Engine
from service.inference.model import Model
from service.inference.network import Network
from service.inference.padding import LARGEST
from service.request_log.appending import Append, Learnt, Value
from service.request_log.streams import Stream, Tail
from service.streams.definition import Definition
from service.streams.judging import Arrived, Drift, Foretold, Judge

Known = float | None
_BESIDES = 8_000  # of a stream's own record and definition, in bytes


def definition_of(stream: Stream) -> Definition:
    """What ``stream`` was asked to be, with the model that it was given."""
    return _defined(stream.asked, stream.model, stream.version)


@lru_cache(256)  # most streams are asked for alike
def _defined(asked: str, model: str, version: str) -> Definition:
    return Definition.unpacked(asked).pinned(model, version)


def first_read(stream: Stream) -> int:
    """The number of the first value that following ``stream`` takes."""
    return definition_of(stream).start(max(stream.next - 1, 0))


class Context(NamedTuple):
    """The ``values`` that an answer reads, NaN at gaps; the first of them is number ``start``."""

    start: int
    values: Floats


class Following:
    """A stream after its last value; it moves on with :meth:`answer`, and is to be dropped where that is not kept."""

    def __init__(self, tail: Tail) -> None:
        """``tail`` has the values from :func:`first_read` on."""
        self.stream = tail.stream
        self.definition = its = definition_of(tail.stream)
        # Streams of which this is the same are answered together.
        self.kind = its.model, its.version, its.levels, its.season
        self.next = tail.stream.next
        self.flagged = 0  # of the values of the last :meth:`answer`
        # Bytes that it comes to take in memory, about: values, what the network made of them, and scores.
        self.size = _BESIDES + (8 + 4) * self.definition.kept + Judge.MOST_BYTES
        self._first = first_read(tail.stream)
        # The values from that number on, NaN at gaps, and room for some more.
        self._room = np.array([value for _, value in tail.values], np.float64)
        self._reader: Network | None = None  # whose reading is kept, and from which number on
        self._read: tuple[int, Carried] | None = None
        self._season: tuple[tuple[int, int], int] | None = None  # and the values that it was found in
        self._foretold = Foretold.of(None if tail.answer is None else orjson.loads(tail.answer)["prediction"])
        self._judge = Judge(self.definition, tail.stream.learnt)
        for _, score in tail.scores:
            self._judge.judge(score)

    def require(self, engine: Engine, values: Sequence[Known], place: int = 0) -> None:
        """Refuse ``values``, posted from ``place`` on, that the stream's model has no answer for.

        Raises as :meth:`Catalog.get` does, too.
        """
        model = self.model(engine)
        if None in values and not model.reading.gaps:
            expected = "no null: of the served models the general ones, as series-gru, take gaps"
            problem = Problem(f"values.{place + values.index(None)}", expected)
            raise InvalidInput(f"{model.card.name} takes {expected}", code="gaps", problems=(problem,))
        if any(value is not None and abs(value) > LARGEST for value in values):
            large = [n for n, value in enumerate(values, place) if value is not None and abs(value) > LARGEST]
            problems = tuple(Problem(f"values.{number}", "magnitudes of at most 1e300") for number in large[:10])
            raise InvalidInput("a value is too large to compute with", code="out_of_range", problems=problems)

    def model(self, engine: Engine) -> Model:
        """The stream's model."""
        return engine.catalog.get(self.stream.model, self.stream.version)

    def reads(self, values: int) -> list[int]:
        """How many values the answer to each of so many that come reads."""
        return [seq + 1 - self.definition.start(seq) for seq in range(self.next, self.next + values)]

    def contexts(self, engine: Engine, values: Sequence[Known]) -> list[Context | None]:
        """What the answer to each of ``values`` reads; None where that is nothing that has an answer."""
        known = self._with(values)
        shortest = self.model(engine).card.lengths.accepted[0]
        found: list[Context | None] = []
        for seq, value in enumerate(values, self.next):
            start = self.definition.start(seq)
            context = known[start - self._first : seq + 1 - self._first]
            answerable = len(context) >= shortest and not (value is None and np.isnan(context).all())
            found.append(Context(start, context) if answerable else None)
        return found

    def season(self, context: Context) -> int | None:
        """The season that was found in the first half of ``context``, if it is known."""
        return self._season[1] if self._season is not None and self._season[0] == _searched(context) else None

    def found_season(self, context: Context, season: int) -> None:
        """Keep the ``season`` that was found there: the next but one value looks at the same values."""
        self._season = _searched(context), season

    def read(self, network: Network, start: int) -> Carried | None:
        """What ``network`` has read of the values from number ``start`` on, if that is held."""
        return self._read[1] if self._read is not None and self._reader is network and self._read[0] == start else None

    def hold(self, network: Network, start: int, read: Carried) -> None:
        """Keep what ``network`` has read from ``start`` on, in place of what was held before."""
        self._reader, self._read = network, (start, read)

    def context(self) -> Floats:
        """What the answer to the last value read, NaN at gaps."""
        return self._room[self.definition.start(max(self.next - 1, 0)) - self._first : self.next - self._first]

    def _with(self, values: Sequence[Known]) -> Floats:
        """What is known from the number ``_first`` on, and ``values`` after that."""
        count = self.next - self._first
        end = count + len(values)
        if end > len(self._room):
            self._room = _with_room(self._room[:count], max(len(values), self.definition.window))
        self._room[count:end] = values
        return self._room[:end]

    def answer(self, values: Sequence[Known], told: Sequence[Prediction | None], time: int, posted: int) -> Append:
        """Move on by ``values``, which came at ``time``, in microseconds; what is to be put on record of it.

        ``told`` are the predictions after each, ``posted`` is the number of the first value of the request.
        """
        begin, taken, self.flagged = self.next, [], 0
        known = self._with(values)
        for value, prediction in zip(values, told, strict=True):
            taken.append(self._take(value, prediction, time, known))
        window, first = self.definition.window, self.definition.start(self.next - 1)
        if first > self._first:
            self._room, self._first = _with_room(known[first - self._first :], window), first
        if self.next // window == begin // window:
            return Append(self.stream.id, taken)
        # Once a window: what was learnt, so that all earlier scores may go, and then the values that nothing reads.
        # Those of this request stay, for whoever has to ask again.
        forget = min(posted, self.next - self.definition.kept)
        return Append(self.stream.id, taken, max(forget, 0), Learnt(self.next, self._judge.pack()))

    def _take(self, value: Known, prediction: Prediction | None, time: int, known: Floats) -> Value:
        """The value of the next number, which is among those ``known``, and what is answered to it."""
        seq, foretold, score = self.next, self._foretold, None
        if value is not None and foretold is not None:
            start = self.definition.start(max(seq - 1, 0))
            score = foretold.score(value, known[start - self._first : seq - self._first])
        p, flag, drift = self._judge.judge(score)
        arrived: Arrived | None = None
        if value is not None and foretold is not None:
            self.flagged += bool(flag)
            arrived = Arrived(foretold.value - value, foretold.inside(value), flag, p)
        self._foretold = None if prediction is None else Foretold(prediction.value, prediction.intervals)
        self.next += 1
        return Value(seq, time, value, score, _written(seq, arrived, prediction, drift))


def _searched(context: Context) -> tuple[int, int]:
    """Which values a season is looked for in: those before the later half, by the first and how many they are."""
    return context.start, len(context.values) - len(context.values) // 2


def _with_room(values: Floats, more: int) -> Floats:
    return np.concatenate((values, np.empty(more)))


def _written(seq: int, arrived: Arrived | None, prediction: Prediction | None, drift: Drift | None) -> bytes:
    return orjson.dumps({"seq": seq, "arrived": arrived, "prediction": prediction, "drift": drift})
