"""A request of a stateful sequence, as Triton's clients know it, to a stream: begun, moved on, ended. Knows no HTTP.

Triton has no numbers: a request that is sent again counts again there. So it does here, unless its client numbers the
values, which the protocol's custom parameters let it do.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

import orjson

from service.errors import InvalidInput, Problem, UnknownStream, UnrollError
from service.inference.answers import NextValues
from service.inference.questions import Answer
from service.streams.definition import NAME, Definition
from service.streams.follower import follower
from service.streams.streams import Posted, Streams, Work

_WINDOW, _LEVELS, _RATE = 256, (90.0,), 0.01


@dataclass(frozen=True, slots=True)
class Sequenced:
    """``values`` of the sequence ``identity`` of a model; ``seq`` is the number of the first, where it is given.

    With ``start`` the sequence begins: one that is there already begins anew, unless its values are numbered. With
    ``end`` it takes no more.
    """

    model: str
    version: str | None
    identity: int | str
    values: list[float]
    season: tuple[int, ...]
    start: bool
    end: bool
    seq: int | None

    @property
    def name(self) -> str:
        """The stream's name."""
        return f"{self.model}:{self.identity}"

    async def answer(self, streams: Streams, client: str, work: Work) -> Answer[NextValues]:
        """What comes after the values, which are on record then.

        Raises:
            InvalidInput: the sequence was not begun, or cannot be.
            StreamConflict: the values are not those that come next.
            UnrollError: see :meth:`Streams.append` and :meth:`Streams.put`.
        """
        if re.fullmatch(NAME, self.name) is None:
            expected = "a sequence_id that with the model's name has at most 127 letters, digits and . _ ~ : @ -"
            raise InvalidInput(f"expected {expected}", code="sequence_id", problems=(Problem("parameters", expected),))
        if self.start:
            await self._begin(streams, client)
        try:
            seq = (await streams.get(client, self.name)).next if self.seq is None else self.seq
            (found,) = await streams.append(client, [Posted(self.name, seq, self.values)], work)
            if isinstance(found, UnrollError):
                raise found
            if self.end:
                await streams.close(client, self.name)
        except UnknownStream:
            raise InvalidInput(
                "an inference request for a sequence must specify the START flag on the first request of the sequence",
                code="sequence_start",
            ) from None
        said = orjson.loads(found.answers[-1])["prediction"]
        verdict = said["check"] and said["check"]["verdict"]
        told = NextValues(said["model"], said["version"], [said["value"]], [verdict], [])
        return Answer(told, None, (f"{told.model}/{told.version}",), 1, len(self.values))

    async def _begin(self, streams: Streams, client: str) -> None:
        asked = Definition(self.model, self.version, self.season, _WINDOW, _LEVELS, _RATE, _RATE)
        shortest = follower(streams.engine, asked).card.lengths.accepted[0]
        if shortest > 1:
            expected = f"a model that answers from the first value on: this one needs {shortest}"
            raise InvalidInput(f"expected {expected}", code="not_sequential", problems=(Problem("model", expected),))
        if self.seq is None:
            with suppress(UnknownStream):
                await streams.remove(client, self.name)
        await streams.put(client, self.name, asked)
