"""The kinds of reading by name: those of this package, and those that others install as ``unroll.readings``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from pydantic import ValidationError

from service.cards import ModelCard
from service.errors import ModelRejected
from service.folders import plain
from service.inference.readings.averaged.reading import Averaged
from service.inference.readings.covariates.reading import WithCovariates
from service.inference.readings.drawings import Drawings
from service.inference.readings.general.reading import General
from service.inference.readings.images import Images
from service.inference.readings.pairs import Pairs
from service.inference.readings.reading import Reading
from service.inference.readings.series import Series
from service.inference.readings.text.reading import Texts
from service.inference.readings.windows import Windows

GROUP = "unroll.readings"
KINDS: Mapping[str, type[Reading]] = {
    "series": Series,
    "windows": Windows,
    "pairs": Pairs,
    "general": General,
    "averaged": Averaged,
    "covariates": WithCovariates,
    "text": Texts,
    "image": Images,
    "drawing": Drawings,
}


def reading_of(card: ModelCard) -> Reading:
    """How the model with ``card`` reads.

    Raises:
        ModelRejected: no such kind is installed, its parameters are not what it takes, or a sequence is accepted that
            is too short for it.
    """
    name = card.reading.kind
    kind = KINDS[name] if name in KINDS else _installed(name)
    try:
        reading = kind.model_validate(card.reading.model_dump())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = plain(".".join(("reading", *map(str, first["loc"]))))
        raise ModelRejected(f"the card breaks the contract at {place}: {plain(first['msg'])}") from error
    if card.lengths.accepted[0] < reading.shortest:
        raise ModelRejected(
            f"the card breaks the contract at lengths.accepted: its reading needs {reading.shortest} steps or more"
        )
    return reading


def _installed(name: str) -> type[Reading]:
    """The kind of that name that another package brings along."""
    for point in entry_points(group=GROUP, name=name):
        try:
            kind: Any = point.load()
        except Exception as error:  # whatever a package of somebody else's does when it is imported
            raise ModelRejected(f"its reading {name} ({point.value}) cannot be imported: {error!r}") from error
        if isinstance(kind, type) and issubclass(kind, Reading):
            return kind
        raise ModelRejected(f"{point.value} is no subclass of service.inference.readings.reading.Reading")
    raise ModelRejected(f"no reading of the kind {name} is installed; there are {', '.join(KINDS)}")
