"""An image, row by row, and the text that an encoder-decoder writes about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from service.inference.batch import Batch
from service.inference.images import DARKEST, IN_WORDS, PIXELS, SIDE, Packed, strokes, three_nearest, unpacked
from service.inference.readings.text.answering import Answering
from service.inference.readings.told import Refusal
from service.inference.sequences import Kind, Sequence

_MOST_KNOWN = 2000


class Images(Answering):
    """Images of 8x8 numbers. At each step the network reads a row, from above: its ink, and strokes by their direction.

    ``by_heart`` are images by what is to be written about them, which answers are held against: the three nearest vote.
    """

    kind: Literal["image"] = "image"
    by_heart: Mapping[str, Annotated[tuple[Packed, ...], Field(min_length=1, max_length=_MOST_KNOWN)]] = Field(
        min_length=1, max_length=100
    )
    input: ClassVar[Kind] = "image"

    @property
    def width(self) -> int:
        return 5 * SIDE + 1

    def taken(self, batch: Batch) -> Batch:
        return replace(batch, kind="image") if batch.kind == "values" else batch

    def counted(self, batch: Batch) -> NDArray[np.int32]:
        return np.full(len(batch.lengths), SIDE, np.int32)

    def taken_apart(self, sequence: Sequence) -> list[Any]:
        return [list(sequence[start : start + SIDE]) for start in range(0, len(sequence), SIDE)]

    def refusals(self, batch: Batch) -> Iterator[Refusal]:
        outside = (batch.values < 0.0) | (batch.values > DARKEST)
        yield Refusal((batch.lengths != PIXELS) | outside.any(axis=1), "not_an_image", IN_WORDS)

    def seen(self, batch: Batch) -> NDArray[Any]:
        images = batch.values.reshape(-1, SIDE, SIDE) / DARKEST
        rows = [images, *strokes(images).swapaxes(0, 1), np.ones((len(images), SIDE, 1))]
        return np.concatenate(rows, axis=2).astype(np.float32)

    def ruled(self, batch: Batch) -> tuple[str, str | None]:
        images, words = self._flat
        return "three_nearest", three_nearest(batch.values[0], images, words)

    @cached_property
    def _flat(self) -> tuple[NDArray[np.float64], list[str]]:
        words = [word for word, images in self.by_heart.items() for _ in images]
        return unpacked(image for images in self.by_heart.values() for image in images), words
