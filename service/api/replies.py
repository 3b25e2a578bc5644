"""What a request to a computing endpoint is on its way: posted, computed, written, ready to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.inference.answers import Forecast, Prediction
from service.inference.price import Price

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(slots=True)  # not frozen: that doubles the time to make one, and there is one for every request
class Computed:
    """An answer and what its row in the log says of it."""

    response: object
    task: str | None
    models: tuple[str, ...]
    sequences: int
    values: int

    @staticmethod
    def references(answers: Iterable[Prediction | Forecast]) -> tuple[str, ...]:
        """Everyone who had a part in ``answers``: ``name/version``, or ``rule:name``."""
        return tuple(sorted({f"{each.model}/{each.version}" if each.version else each.model for each in answers}))


@dataclass(slots=True)
class Posted:
    """One request: ``headers`` in lower case, ``path`` the parameters of its path, ``body`` without its encoding."""

    request_id: str
    time: int  # microseconds since the epoch, UTC
    headers: Mapping[bytes, bytes]
    path: Mapping[str, str]
    client: str | None = None  # name of the API key
    body: bytes = b""


class Asked(NamedTuple):
    """A request that was read: its protocol's question, what the answer will cost, and when reading began and ended."""

    question: Any
    price: Price
    began: int  # nanoseconds of the monotonic clock
    validated: int


class Content(NamedTuple):
    """The bytes of an answer before they are encoded for the wire, and the headers that describe them."""

    body: bytes
    headers: Headers


class Stages(NamedTuple):
    """When validation, inference and writing began and when they ended, in nanoseconds of the monotonic clock.

    Of work that was done for several requests together each has its share.
    """

    began: int
    validated: int
    inferred: int
    written: int


class Reply(NamedTuple):
    """What the work on one request gave; ``sent`` is ``content`` as it goes on the wire."""

    computed: Computed
    content: Content
    sent: Content
    stages: Stages
