"""What models write or draw, asked and answered in tensors: texts are BYTES, images FP64. Knows no HTTP."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Iterator
from typing import cast

import numpy as np

from service.errors import InvalidInput, Problem
from service.http.numbers import MOST_SEQUENCES, MOST_VALUES
from service.inference.images import PIXELS, SIDE
from service.inference.questions import Generate
from service.inference.readings.reading import Reading
from service.inference.sequences import Sequence
from service.inference.written_answers import Generated
from service.protocols.v2 import tensors
from service.protocols.v2.schemas import InferRequest, InputTensor, OutputTensor, TensorMetadata
from service.protocols.v2.tensors import refused

INPUT = "input"
_OUTPUTS = ("output", "probability")
_LONGEST_TEXT = 10_000


def is_written(request: InferRequest) -> bool:
    """Whether ``request`` asks for what is written or drawn rather than for numbers."""
    return any(each.name == INPUT for each in request.inputs)


def question(request: InferRequest, data: memoryview, model: str, version: str | None) -> Generate:
    """What is asked; ``data`` are the bytes after the JSON part.

    Raises:
        InvalidInput: shape, datatype, elements and bytes do not fit each other, or more than a request may hold.
    """
    if len(request.inputs) > 1:
        raise refused("inputs", "one input alone, named input")
    if unknown := set(request.wanted("output")) - set(_OUTPUTS):
        raise refused("outputs", f"of {', '.join(_OUTPUTS)}, not {', '.join(sorted(unknown))}")
    (tensor,) = request.inputs
    sequences: list[Sequence] = [*_texts(tensor, data)] if tensor.datatype == "BYTES" else _images(request, data)
    return Generate(sequences, model, version)


def _images(request: InferRequest, data: memoryview) -> list[Sequence]:
    array = tensors.arrays(request, data)[INPUT]
    if array.shape[1:] not in ((PIXELS,), (SIDE, SIDE)):
        raise refused("input.shape", f"[images, {PIXELS}] or [images, {SIDE}, {SIDE}], or BYTES for texts")
    if not np.isfinite(array).all():
        expected = "finite numbers"
        raise InvalidInput(f"input: expected {expected}", code="non_finite", problems=(Problem(INPUT, expected),))
    return cast("list[Sequence]", array.reshape(len(array), PIXELS).astype(np.float64).tolist())


def _texts(tensor: InputTensor, data: memoryview) -> Iterator[str]:
    count = math.prod(tensor.shape)
    if not 1 <= count <= MOST_SEQUENCES or tensor.shape[0] != count:
        raise refused("input.shape", f"[texts] or [texts, 1] with 1 to {MOST_SEQUENCES} texts")
    size = tensor.parameters.binary_data_size
    if size is None:
        texts = [each for each in tensor.data or () if isinstance(each, str)]
        if data:
            raise refused("body", "as many bytes after the JSON part as binary_data_size says")
    elif tensor.data is not None or len(data) != size:
        raise refused("inputs.0", "either data or parameters.binary_data_size, and all bytes sent")
    else:
        texts = [*_lengths_and_bytes(data)]
    if len(texts) != count or not all(1 <= len(text) <= _LONGEST_TEXT for text in texts):
        raise refused("inputs.0.data", f"{count} texts of 1 to {_LONGEST_TEXT} characters")
    if sum(map(len, texts)) > MOST_VALUES:
        raise refused("inputs.0.data", f"at most {MOST_VALUES} characters in all")
    yield from texts


def _lengths_and_bytes(data: memoryview) -> Iterator[str]:
    """Texts as the protocol's binary tensors have them: four bytes with a length, little endian, before each."""
    whole = refused("inputs.0", "texts in UTF-8, four bytes with the length of each before it")
    while data:
        length = int.from_bytes(data[:4], "little")
        text, rest = bytes(data[4 : 4 + length]), data[4 + length :]
        if len(data) < 4 or len(text) < length:
            raise whole
        try:
            yield text.decode()
        except UnicodeDecodeError:
            raise whole from None
        data = rest


def outputs(found: list[Generated], request: InferRequest) -> list[tuple[OutputTensor, bytes]]:
    """The tensors asked for, and the bytes of each after the JSON part."""
    return [_output(name, found, binary) for name, binary in request.wanted("output").items()]


def _output(name: str, found: list[Generated], binary: bool) -> tuple[OutputTensor, bytes]:
    rows = len(found)
    if name == "probability":
        chances = [each.probability for each in found if each.probability is not None]
        if len(chances) < rows:
            raise refused("outputs", "output alone: an image has no probability")
        return tensors.output(name, chances, rows, binary)
    written = [each.output for each in found]
    if all(isinstance(each, list) for each in written):
        return tensors.output(name, [pixel for each in written for pixel in each], rows, binary)  # type: ignore[misc]
    texts = [str(each) for each in written]
    if not binary:
        return OutputTensor(name, [rows, 1], "BYTES", data=texts), b""
    coded = [text.encode() for text in texts]
    data = b"".join(struct.pack("<I", len(each)) + each for each in coded)
    return OutputTensor(name, [rows, 1], "BYTES", parameters={"binary_data_size": len(data)}), data


def agreements(found: list[Generated]) -> dict[str, object]:
    """How many rows the rule agrees with, differs from, and has no answer to."""
    given = Counter(each.check.agree for each in found)
    return {"agrees": given[True], "differs": given[False], "unruled": given[None]}


def metadata(reading: Reading) -> tuple[list[TensorMetadata], list[TensorMetadata]]:
    """Inputs and outputs of a model that writes or draws."""
    chance = [TensorMetadata(name="probability", datatype="FP64", shape=[-1, 1])] if reading.output == "text" else []
    return [_tensor(INPUT, reading.input)], [_tensor("output", reading.output), *chance]


def _tensor(name: str, kind: str) -> TensorMetadata:
    if kind == "text":
        return TensorMetadata(name=name, datatype="BYTES", shape=[-1, 1])
    return TensorMetadata(name=name, datatype="FP64", shape=[-1, PIXELS])
