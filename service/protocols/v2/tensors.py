"""Between tensors and sequences: JSON or little-endian bytes, padded rows or ragged ones. Pure; knows no HTTP."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, Problem
from service.http.numbers import MOST_SEQUENCES, MOST_VALUES
from service.inference.sequences import Rows
from service.protocols.v2.schemas import InferRequest, InputTensor, OutputTensor

Array = NDArray[Any]

_NUMPY = {
    "FP64": "<f8",
    "FP32": "<f4",
    "FP16": "<f2",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
}


def read(request: InferRequest, tensors: memoryview) -> tuple[Rows, tuple[int, ...]]:
    """The sequences in ``request``, and the seasons that are told; ``tensors`` are the bytes after its JSON part.

    Raises:
        InvalidInput: shape, datatype, elements and bytes do not fit each other, or more than a request may hold.
    """
    found = arrays(request, tensors)
    if "sequence" not in found:
        raise refused("inputs", "an input named sequence")
    return _rows(found["sequence"], found.get("length")), _season(found.get("season"))


def arrays(request: InferRequest, tensors: memoryview) -> dict[str, Array]:
    """The inputs by name, all of them numbers. Raises as :func:`read`."""
    found: dict[str, Array] = {}
    for position, tensor in enumerate(request.inputs):
        if tensor.name in found:
            raise refused(f"inputs.{position}.name", "each input once")
        if tensor.datatype == "BYTES":
            raise refused(f"inputs.{position}.datatype", "numbers: BYTES are for the input of models that read texts")
        size = tensor.parameters.binary_data_size
        if size is None:
            found[tensor.name] = _from_json(tensor, position)
        else:
            found[tensor.name] = _from_bytes(tensor, tensors[:size], position)
            tensors = tensors[size:]
    if len(tensors):
        raise refused("body", "as many bytes after the JSON part as binary_data_size says")
    return found


def output(name: str, values: list[float], rows: int, binary: bool) -> tuple[OutputTensor, bytes]:
    """The output tensor of ``values``, as many for each of the ``rows``, and its bytes after the JSON part."""
    shape = [rows, len(values) // rows]
    if not binary:
        return OutputTensor(name, shape, "FP64", data=values), b""
    data = np.array(values, "<f8").tobytes()
    return OutputTensor(name, shape, "FP64", parameters={"binary_data_size": len(data)}), data


def _from_json(tensor: InputTensor, position: int) -> Array:
    _require_room(tensor, position)
    if tensor.data is None:
        raise refused(f"inputs.{position}", "data, or parameters.binary_data_size")
    if isinstance(tensor.data[0], str):
        raise refused(f"inputs.{position}.data", f"numbers, as {tensor.datatype} has them")
    if isinstance(tensor.data[0], list) and len(tensor.data) != tensor.shape[0]:  # known before any is copied
        raise refused(f"inputs.{position}.data", "as many elements as the shape says")
    try:
        array = np.array(tensor.data, np.float64)
    except ValueError:  # ragged
        raise refused(f"inputs.{position}.data", "rows of one length; pad them and say their length") from None
    if array.shape != tuple(tensor.shape) and (array.ndim > 1 or array.size != math.prod(tensor.shape)):
        raise refused(f"inputs.{position}.data", "as many elements as the shape says")
    if not tensor.datatype.startswith("FP"):
        bounds = np.iinfo(_NUMPY[tensor.datatype])
        if ((array != np.floor(array)) | (array < bounds.min) | (array > bounds.max)).any():
            raise refused(f"inputs.{position}.data", f"whole numbers that {tensor.datatype} can hold")
    return array.reshape(tensor.shape)


def _from_bytes(tensor: InputTensor, data: memoryview, position: int) -> Array:
    _require_room(tensor, position)
    if tensor.data is not None:
        raise refused(f"inputs.{position}", "either data or parameters.binary_data_size")
    dtype = np.dtype(_NUMPY[tensor.datatype])
    if not len(data) == tensor.parameters.binary_data_size == math.prod(tensor.shape) * dtype.itemsize:
        raise refused(f"inputs.{position}.parameters.binary_data_size", "the bytes of shape and datatype, all sent")
    return np.frombuffer(data, dtype).reshape(tensor.shape)


def _rows(array: Array, given: Array | None) -> Rows:
    if array.ndim == 1 or (array.ndim == 3 and array.shape[2] not in (1, 2)):
        raise refused("sequence.shape", "[sequences, timesteps, features] with 1 or 2 features")
    sequences, timesteps = array.shape[:2]
    if not 1 <= sequences <= MOST_SEQUENCES or timesteps < 1:
        raise refused("sequence.shape", f"1 to {MOST_SEQUENCES} sequences of at least one timestep")
    pairs = array.ndim == 3 and array.shape[2] == 2
    table = (array if pairs else array.reshape(sequences, timesteps)).astype(np.float64)
    lengths = np.full(sequences, timesteps) if given is None else _lengths(given, sequences, timesteps)
    finite = np.isfinite(table).reshape(sequences, timesteps, -1).all(axis=2)
    if not (finite | (np.arange(timesteps) >= lengths[:, None])).all():
        raise InvalidInput(
            "sequence: expected finite numbers", code="non_finite", problems=(Problem("sequence", "finite numbers"),)
        )
    return Rows(table, lengths)


def _season(given: Array | None) -> tuple[int, ...]:
    if given is None:
        return ()
    seasons = given.reshape(-1)
    if not 1 <= seasons.size <= 2 or given.ndim > 2:
        raise refused("season.shape", "one season for all sequences, or two")
    if not ((seasons >= 1) & (seasons <= MOST_VALUES) & (seasons == np.floor(seasons))).all():
        raise refused("season", f"whole numbers of steps from 1 to {MOST_VALUES}")
    return tuple(map(int, seasons.tolist()))


def _lengths(given: Array, sequences: int, timesteps: int) -> NDArray[np.int64]:
    if given.size != sequences or given.shape not in ((sequences,), (sequences, 1)):
        raise refused("length.shape", "one length for each sequence")
    lengths = given.reshape(-1)
    if not ((lengths >= 1) & (lengths <= timesteps) & (lengths == np.floor(lengths))).all():
        raise refused("length", "whole numbers from 1 to the number of timesteps")
    return lengths.astype(np.int64)


def _require_room(tensor: InputTensor, position: int) -> None:
    if math.prod(tensor.shape) > 2 * MOST_VALUES:  # pairs are two elements a value
        raise refused(f"inputs.{position}.shape", f"at most {MOST_VALUES} values in all")


def refused(where: str, expected: str) -> InvalidInput:
    return InvalidInput(f"{where}: expected {expected}", code="invalid_tensor", problems=(Problem(where, expected),))
