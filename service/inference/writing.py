"""What is asked of a model that writes, and what it wrote, in nobody's alphabet but its own. Pure."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Manner(NamedTuple):
    """How to write: ``beams`` texts side by side, of which the likeliest is kept (Graves 2012, Sutskever et al. 2014).

    With a ``temperature`` each symbol is drawn instead, from the probabilities to the power of its inverse, by
    generator ``seed``: the same one draws the same text.
    """

    beams: int = 1
    temperature: float | None = None
    seed: int = 0


PLAIN = Manner()


# A text, or an image: 64 numbers from 0 to 16.
Output = str | list[float]
OutputKind = Literal["number", "text", "image"]


class Text(NamedTuple):
    """A text and the logarithm of its probability, its end included where that was ``ended``.

    An image stands in the place of a text without a ``chance``.
    """

    output: Output
    chance: float | None
    ended: bool

    @property
    def probability(self) -> float | None:
        """That of the whole text; None of an image."""
        return None if self.chance is None else math.exp(self.chance)


class Writing(NamedTuple):
    """Texts, best first, or an image; of the first text, symbol by symbol, what was likely and what was looked at.

    ``symbols`` are its own, the end last as an empty one; ``alternatives`` the likeliest, with their probabilities;
    ``attention`` float64 [symbols, steps], None for a network that does not look back.
    """

    texts: list[Text]
    symbols: list[str]
    alternatives: list[list[tuple[str, float]]]
    attention: NDArray[np.float64] | None
