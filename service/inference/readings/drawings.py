"""A text, letter by letter, and the image that a recurrent network draws of it when all is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from service.arrays import Floats
from service.cards import GoldenCase
from service.errors import InvalidInput, ModelRejected, Problem
from service.inference.batch import Batch
from service.inference.images import DARKEST, PIXELS, Pixels, nearest_image, nearest_word
from service.inference.network import OnnxNetwork, State
from service.inference.readings.text.spelt import Spelt, text_of
from service.inference.readings.told import Traced
from service.inference.unrolled import Unrolled, Unroller
from service.inference.writing import Manner, Output, OutputKind, Text, Writing


class Drawings(Spelt):
    """Words, answered by images of 8x8 numbers from 0 to 16.

    ``means`` are the mean images of the words that are known; the one of the nearest word is what answers are held
    against. An answer as a number is the mean of its pixels.
    """

    kind: Literal["drawing"] = "drawing"
    means: Mapping[str, Pixels] = Field(min_length=1, max_length=100)
    output: ClassVar[OutputKind] = "image"

    def load(self, onnx: bytes) -> OnnxNetwork:
        network = OnnxNetwork(onnx, self.width)
        if (units := network.form.layers[-1].units) != PIXELS:
            raise ModelRejected(f"the ONNX file answers {units} numbers, and an image has {PIXELS}")
        return network

    def answer(self, network: OnnxNetwork, batch: Batch) -> tuple[Floats, State | None]:
        return self.images(network, batch).mean(axis=1), None

    def images(self, network: OnnxNetwork, batch: Batch) -> Floats:
        """What is drawn of each text, [texts, pixels]; each alone, so that it is the same whoever stands beside it."""
        drawn = [self._drawn(network, self.seen(batch.take(slice(row, row + 1)))) for row in range(len(batch.lengths))]
        return np.concatenate(drawn)

    def missed(self, network: OnnxNetwork, batch: Batch, cases: list[GoldenCase]) -> float:
        """As a share of the darkest pixel; without bound where the case has no image."""
        golden = [case.output for case in cases]
        if not all(isinstance(each, list) and len(each) == PIXELS for each in golden):
            return float("inf")
        return float(np.abs(self.images(network, batch) - np.array(golden)).max()) / DARKEST

    def write(self, network: OnnxNetwork, batch: Batch, manner: Manner) -> Writing:
        for where, unlike in (("beams", manner.beams != 1), ("temperature", manner.temperature is not None)):
            if unlike:
                expected = "neither beams nor temperature: an image is drawn at once, and there is one"
                raise InvalidInput(f"expected {expected}", code="not_sampled", problems=(Problem(where, expected),))
        (image,) = self.images(network, batch).tolist()
        return Writing([Text(image, None, ended=True)], [], [], None)

    def ruled(self, batch: Batch) -> tuple[str, Output | None]:
        word = nearest_word(text_of(batch, 0), self.means)
        return "nearest_word", None if word is None else list(self.means[word])

    def agree(self, output: Output, ruled: Output) -> bool:
        """Whether both are nearest to the same word's mean image."""
        return self.in_words(output) == self.in_words(ruled)

    def in_words(self, output: Output) -> str:
        return nearest_image(np.array(output), self.means)

    def tried(self, steps: int) -> int:
        return steps * steps

    def traced(self, network: OnnxNetwork, batch: Batch, unroller: Unroller, unrolled: Unrolled) -> Traced:
        """By blanking one letter after the other: the step stays, and nothing is read at it."""
        seen = self.seen(batch)
        (image,) = self._drawn(network, seen)
        steps = seen.shape[1]
        blanked = np.repeat(seen, steps, axis=0)
        blanked[np.arange(steps), np.arange(steps)] = 0.0
        moved = image - self._drawn(network, blanked)
        influence = np.sqrt((moved**2).mean(axis=1))[:, None]
        replayed = float(_visible(unrolled.values[-1][-1]).mean())
        return Traced(replayed, influence, image.tolist(), None, moved.T)

    def _drawn(self, network: OnnxNetwork, seen: Floats) -> Floats:
        """What is drawn of texts of one length, ``seen`` [texts, steps, symbols]."""
        length = np.full(len(seen), seen.shape[1], np.int32)
        return _visible(network.whole(seen.astype(np.float32), length)[0][:, -1])


def _visible(answered: NDArray[Any]) -> Floats:
    """Pixels in the client's units, from what the network answers in shares of the darkest."""
    pixels: Floats = np.clip(answered.astype(np.float64) * DARKEST, 0.0, DARKEST)
    return pixels
