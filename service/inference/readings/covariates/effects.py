"""What a covariate adds to a series, as tables that stand on a card; and the columns that they are looked up by. Pure.

Everything is added up one covariate after the other, entry by entry, so that a sequence has the same effects to the bit
alone and among others.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.arrays import Floats
from service.covariates import Cell

Kind = Literal["number", "category"]
# Numbers up to this have effects that can be added up.
LARGEST = 1e100
# Characters of categories that an error names.
_SHOWN = 100
# Features of a number that was known until an origin: see :meth:`Stepwise.features`.
NUMBER_FEATURES = 3


class Block(BaseModel):
    """A part of a card."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Covariate(Block):
    """One by its name: a number, or a category that is one of ``categories``."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Kind
    categories: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """What each entry must be, in words."""
        if self.kind == "number":
            return f"finite numbers of at most {LARGEST:g}"
        shown: list[str] = []
        while len(shown) < len(self.categories) and sum(map(len, shown)) < _SHOWN:
            shown.append(self.categories[len(shown)][:_SHOWN])
        more = len(self.categories) - len(shown)
        return f"categories among {', '.join(shown)}" + (f" and {more} more" if more else "")

    def takes(self, column: list[Cell]) -> bool:
        """Whether every entry is what is expected."""
        if self.kind == "category":
            known = set(self.categories)
            return all(type(each) is str and each in known for each in column)
        return all(map(_is_number, column))

    def called(self, cell: Cell) -> Cell:
        """A cell of a column that was posted without names: see :meth:`Effects.by_name`."""
        if self.kind == "number" or isinstance(cell, str) or not _is_number(cell):
            return cell
        name, place = f"{cell:.15g}", int(cell)
        if name in self.categories or place != cell or not 0 <= place < len(self.categories):
            return name
        return self.categories[place]

    def coded(self, column: list[Cell]) -> Floats:
        """Numbers as they are, and places among the categories."""
        if self.kind == "number":
            return np.array(column, np.float64)
        places: dict[Cell, int] = {name: place for place, name in enumerate(self.categories)}
        return np.array([places[each] for each in column], np.float64)


class Share(Block):
    """What is added further to an effect for one ``category`` of a static covariate, or for each unit of a number."""

    static: str
    category: str | None = None
    adds: tuple[float, ...]


class Known(Covariate):
    """What one known ahead adds: of a number ``adds`` at the points ``at``, between them on straight lines and beyond
    them straight on; of a category what each adds.
    """

    at: tuple[float, ...] = ()
    adds: tuple[float, ...]
    by: tuple[Share, ...] = ()

    @model_validator(mode="after")
    def _of_one_length(self) -> Self:
        count = len(self.at) if self.kind == "number" else len(self.categories)
        least = 2 if self.kind == "number" else 1
        if count < least or any(len(each) != count for each in (self.adds, *(share.adds for share in self.by))):
            raise ValueError(f"{self.name}: one effect for each of its points or categories is needed")
        if any(later <= earlier for earlier, later in zip(self.at, self.at[1:], strict=False)):
            raise ValueError(f"{self.name}: its points must rise")
        return self

    def effect(self, column: Floats, weights: list[float]) -> Floats:
        """What is added at each entry of a coded ``column``; ``weights`` are those of :attr:`by`."""
        adds = np.array(self.adds)
        for share, weight in zip(self.by, weights, strict=True):
            adds = adds + weight * np.array(share.adds)
        if self.kind == "category":
            looked_up: Floats = adds[column.astype(np.intp)]
            return looked_up
        at = np.array(self.at)
        place = np.clip(np.searchsorted(at, column, side="right") - 1, 0, len(at) - 2)
        slopes = np.diff(adds) / np.diff(at)
        found: Floats = adds[place] + (column - at[place]) * slopes[place]
        return found

    def beyond(self, column: Floats) -> bool:
        """Whether any entry of a coded ``column`` is outside of what was trained on."""
        return self.kind == "number" and bool((column.min() < self.at[0]) or (column.max() > self.at[-1]))


def _is_number(cell: Cell) -> bool:
    """What clients post as a number may be anything: a truth, a list, NaN, or beyond all that can be added up."""
    return isinstance(cell, (int, float)) and not isinstance(cell, bool) and abs(cell) <= LARGEST


class Stepwise(Covariate):
    """What one that is known up to an origin, or of a whole series, adds to each step ahead.

    ``steps`` [horizon][features], nothing where they are empty; of a further step what the last one says. A number
    counts in its ``spread`` from its ``centre``.
    """

    centre: float = 0.0
    spread: Annotated[float, Field(gt=0)] = 1.0
    steps: tuple[tuple[float, ...], ...] = ()

    @model_validator(mode="after")
    def _of_one_length(self) -> Self:
        count = NUMBER_FEATURES if self.kind == "number" else len(self.categories)
        if any(len(each) != count for each in self.steps):
            raise ValueError(f"{self.name}: {count} numbers for each step ahead are needed")
        return self

    def features(self, column: Floats) -> Floats:
        """What is known after each entry of a coded ``column`` [entries, features].

        Of a number its distance from the centre, its last change, and its distance from the mean of the entries so
        far; of a category which one it is.
        """
        if self.kind == "category":
            which: Floats = (column[:, None] == np.arange(len(self.categories))).astype(np.float64)
            return which
        scaled = (column - self.centre) / self.spread
        mean = np.cumsum(scaled) / np.arange(1.0, len(scaled) + 1.0)
        return np.stack((scaled, np.diff(scaled, prepend=scaled[:1]), scaled - mean), axis=1)

    def weight(self, value: float, category: str | None) -> float:
        """By how much what hangs on this number, or on its ``category``, counts where its code is ``value``."""
        if self.kind == "category":
            return float(self.categories[int(value)] == category)
        return (value - self.centre) / self.spread

    def effect(self, features: Floats, horizon: int) -> Floats:
        """What is added at each of ``horizon`` steps ahead [origins, horizon] by ``features`` [origins, features]."""
        if not self.steps:
            return np.zeros((len(features), horizon))
        steps = np.array(self.steps)[np.minimum(np.arange(horizon), len(self.steps) - 1)]
        found = np.zeros((len(features), horizon))
        for place in range(steps.shape[1]):
            found += features[:, place, None] * steps[:, place]
        return found
