"""Writing symbol by symbol on carried states: the likeliest each time, the best of several beams, or drawn by chance.

Knows symbols by their numbers only; symbol 0 ends a text, and nothing at all begins it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.errors import NonFiniteOutput
from service.inference.cancellation import checkpoint
from service.inference.readings.text.network import Read, TextNetwork, Written
from service.inference.writing import Manner

END = 0


class Line(NamedTuple):
    """A text as it was written: its ``symbols``, the end last if it was reached, and the logarithm of its chance."""

    symbols: tuple[int, ...]
    chance: float

    @property
    def ended(self) -> bool:
        """Whether the end was reached."""
        return self.symbols[-1:] == (END,)

    def plus(self, symbol: int, chance: float) -> Line:
        """The same with one more ``symbol`` of that ``chance``, a logarithm."""
        return Line((*self.symbols, symbol), self.chance + chance)


def lines(network: TextNetwork, read: Read, manner: Manner, longest: int) -> list[Line]:
    """What comes of the single text in ``read``, best first: as many as there are beams, if there are so many texts.

    ``longest`` is the most symbols, the end among them.
    """
    drawn = None if manner.temperature is None else np.random.default_rng(manner.seed)
    open_lines, done = [Line((), 0.0)], list[Line]()
    symbols = network.sizes.written
    last = np.zeros((1, 1, symbols), np.float32)
    rows = np.zeros(1, np.intp)
    state = read.state
    for _ in range(longest):
        checkpoint()
        found = network.write(read.take(rows)._replace(state=state), last)
        chances = found.chances[:, -1]
        if not np.isfinite(chances).all():
            raise NonFiniteOutput("the network answered with a number that is not finite")
        if drawn is None:
            grown = _likeliest(open_lines, chances, manner.beams - len(done))
        else:
            grown = [(0, _drawn(drawn, chances[0], manner.temperature or 1.0))]
        made = [open_lines[row].plus(symbol, float(chances[row, symbol])) for row, symbol in grown]
        done += [line for line in made if line.ended]
        open_lines = [line for line in made if not line.ended]
        if not open_lines:
            break
        places = [row for (row, _), line in zip(grown, made, strict=True) if not line.ended]
        state = {name: part[:, places] for name, part in found.state.items()}
        rows = np.zeros(len(places), np.intp)
        last = np.zeros((len(places), 1, symbols), np.float32)
        last[np.arange(len(places)), 0, [line.symbols[-1] for line in open_lines]] = 1.0
    else:
        done += open_lines
    return sorted(done, key=lambda line: -line.chance)


def retold(network: TextNetwork, read: Read, symbols: NDArray[np.intp]) -> Written:
    """What the network says at each of ``symbols`` [texts, length], which it is told, one after the other."""
    before = np.zeros((*symbols.shape, network.sizes.written), np.float32)
    np.put_along_axis(before[:, 1:], symbols[:, :-1, None], 1.0, axis=2)
    return network.write(read, before)


def _likeliest(lines: list[Line], chances: NDArray[np.float64], most: int) -> list[tuple[int, int]]:
    """Rows and symbols of the ``most`` likeliest continuations."""
    total = np.array([line.chance for line in lines])[:, None] + chances
    order = np.argsort(-total, axis=None, kind="stable")[:most]
    return [divmod(int(place), chances.shape[1]) for place in order]


def _drawn(rng: np.random.Generator, chances: NDArray[np.float64], temperature: float) -> int:
    flat = np.exp((chances - chances.max()) / temperature)
    return int(rng.choice(len(flat), p=flat / flat.sum()))
