"""A text that an encoder-decoder writes about whatever it read step by step: what readings that write it share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from service.arrays import Floats
from service.cards import GoldenCase, Layer
from service.errors import ModelRejected
from service.inference.ablation import Off, without
from service.inference.batch import Batch
from service.inference.forgetting import Memory
from service.inference.network import State
from service.inference.readings.reading import Reading
from service.inference.readings.text.alphabet import Alphabet, apart, numbers, together
from service.inference.readings.text.decoding import END, Line, lines, retold
from service.inference.readings.text.network import Read, TextNetwork
from service.inference.readings.told import Lacking, Traced
from service.inference.unrolled import Unrolled, Unroller
from service.inference.writing import PLAIN, Manner, OutputKind, Text, Writing

# Symbols that are told for each place, likeliest first.
_TOLD = 5


class Answering(Reading):
    """Answered by texts of at most ``longest`` of the symbols in ``answers``.

    The network writes a symbol by its number, its place in the alphabet and one more: 0 is the end. A subclass says
    what is read at each step.
    """

    answers: Alphabet
    longest: Annotated[int, Field(ge=1, le=1000)]
    forecasts: ClassVar[bool] = False
    output: ClassVar[OutputKind] = "text"
    either_runtime: ClassVar[bool] = False

    @property
    @abstractmethod
    def width(self) -> int:
        """Numbers that the network reads at each step."""

    def load(self, onnx: bytes) -> TextNetwork:
        network = TextNetwork(onnx)
        read, written = network.sizes.read, network.sizes.written
        if (read, written) != (self.width, len(self.answers) + 1):
            raise ModelRejected(
                f"the ONNX file reads {read} numbers a step and writes {written} symbols, and the card's alphabets "
                f"have {self.width} and, with the end, {len(self.answers) + 1}"
            )
        return network

    @property
    def inspected(self) -> int:
        return 256  # all of a text is written again for each step

    def answer(self, network: TextNetwork, batch: Batch) -> tuple[Floats, State | None]:
        return np.array([best.chance for best, _ in self._each(network, batch)]), None

    def missed(self, network: TextNetwork, batch: Batch, cases: list[GoldenCase]) -> float:
        """Of their probabilities; without bound where another text is written."""
        found = [
            abs(np.exp(best.chance) - np.exp(case.value)) if self._text(best).output == case.output else np.inf
            for (best, _), case in zip(self._each(network, batch), cases, strict=True)
        ]
        return float(np.max(found))

    def write(self, network: TextNetwork, batch: Batch, manner: Manner) -> Writing:
        read = self._read(network, batch)
        written = lines(network, read, manner, self.longest + 1)
        told = retold(network, read, np.array([written[0].symbols]))
        order = np.argsort(-told.chances[0], axis=-1, kind="stable")[:, :_TOLD]
        likely = np.exp(np.take_along_axis(told.chances[0], order, axis=-1))
        alternatives = [
            [(self._symbol(symbol), chance) for symbol, chance in zip(*row, strict=True)]
            for row in zip(order.tolist(), likely.tolist(), strict=True)
        ]
        symbols = [self._symbol(symbol) for symbol in written[0].symbols]
        attention = None if told.attention is None else told.attention[0]
        return Writing([self._text(line) for line in written], symbols, alternatives, attention)

    def writing_steps(self, steps: int) -> int:
        return self.longest + 1

    def unroller(self, layers: list[Layer], weights: Mapping[str, NDArray[np.float32]]) -> Unroller:
        """What reads the characters: the encoder. What is written about them comes after."""
        return Unroller(layers[:1], {f"layer_0.{part}": weights[f"layer_0.{part}"] for part in "WRB"})

    def tried(self, steps: int) -> int:
        return steps * (steps + self.longest + 1)

    def traced(self, network: TextNetwork, batch: Batch, unroller: Unroller, unrolled: Unrolled) -> Traced:
        """By blanking one symbol after the other: the step stays, and nothing is read at it."""
        ((best, read),) = self._each(network, batch)
        symbols, seen = np.array([best.symbols]), self.seen(batch)
        steps = seen.shape[1]
        plain = retold(network, read, symbols)
        blanked = np.repeat(seen, steps, axis=0)
        blanked[np.arange(steps), np.arange(steps)] = 0.0
        without = network.read(blanked, np.full(steps, steps, np.int32))
        told = retold(network, without, np.repeat(symbols, steps, axis=0))
        places = symbols[..., None]
        kept = np.take_along_axis(told.chances, np.repeat(places, steps, axis=0), axis=2)
        connectivity = (np.take_along_axis(plain.chances, places, axis=2) - kept)[..., 0].T
        influence, output = connectivity.sum(axis=0)[:, None], self._text(best).output
        return Traced(None, influence, output, None if plain.attention is None else plain.attention[0], connectivity)

    def lacking(
        self,
        network: TextNetwork,
        batch: Batch,
        layers: list[Layer],
        weights: Mapping[str, NDArray[np.float32]],
        off: Off,
    ) -> Lacking:
        """Of what reads the characters, in NumPy: how likely the same text still is, and what is written now."""
        ((best, whole),) = self._each(network, batch)
        unroller = self.unroller(layers, without(layers[:1], weights, off))
        (steps,) = unroller.forward(self.seen(batch)[0]).steps
        there = np.ones(layers[0].units, np.float32)
        if off.unit is not None:
            there[off.unit - 1] = 0.0
        memory = np.stack([step.after[0] for step in steps]).astype(np.float32) * there
        last = [part.astype(np.float32)[None, None] * there for part in steps[-1].after]
        read = Read(memory[None], whole.mask, dict(zip(whole.state, last, strict=True)))
        symbols = np.array([best.symbols])
        chances = np.take_along_axis(retold(network, read, symbols).chances, symbols[..., None], axis=2)
        (now, *_) = lines(network, read, PLAIN, self.longest + 1)
        return Lacking(float(chances.sum()), self._text(now).output)

    def remembered(self, name: str, memory: Memory, first: int) -> str:
        return super().remembered(name, memory, first).replace("in its answer", "in the last state that it read with")

    def symbols_of(self, text: str) -> list[int]:
        """What is written for ``text``, the end last."""
        return [*(place + 1 for place in numbers(self.answers, apart(self.answers, text))), END]

    def _each(self, network: TextNetwork, batch: Batch) -> list[tuple[Line, Read]]:
        """The likeliest text about each, symbol by symbol, each alone: so it is the same whoever stands beside it."""
        found = []
        for row in range(len(batch.lengths)):
            read = self._read(network, batch.take(slice(row, row + 1)))
            found.append((lines(network, read, PLAIN, self.longest + 1)[0], read))
        return found

    def _read(self, network: TextNetwork, batch: Batch) -> Read:
        seen = self.seen(batch)
        return network.read(seen, np.array([seen.shape[1]], np.int32))

    def _symbol(self, number: int) -> str:
        return "" if number == END else self.answers[number - 1]

    def _text(self, line: Line) -> Text:
        symbols = [self._symbol(number) for number in line.symbols if number != END]
        return Text(together(self.answers, symbols), line.chance, line.ended)
