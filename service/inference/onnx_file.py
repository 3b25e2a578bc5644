"""An ONNX file's messages, read strictly and without the onnx package. Knows the wire, not what a graph may hold.

Only the fields named here may stand in a file, each in one way: what a lenient parser would skip or merge (unknown
fields, a graph given twice) is refused, so that ONNX Runtime cannot find in the bytes what was not looked at here.
Functions, subgraphs, sparse tensors and data outside the file are fields that are not named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from service.errors import ModelRejected

_VARINT, _BYTES = 0, 2
# Of one kind in one message: nodes, weights or dimensions. The published networks have 40 at most.
_MOST = 10_000


class _Message(dict[int, "_Field"]):
    """The fields that a message may have, by number."""


class _Field(NamedTuple):
    name: str
    kind: type[int] | type[str] | type[bytes] | _Message
    repeated: bool = False


# https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
_DIMENSION = _Message({1: _Field("value", int), 2: _Field("parameter", str)})
_SHAPE = _Message({1: _Field("dimensions", _DIMENSION, repeated=True)})
_TENSOR_TYPE = _Message({1: _Field("element", int), 2: _Field("shape", _SHAPE)})
_VALUE = _Message({1: _Field("name", str), 2: _Field("type", _Message({1: _Field("tensor", _TENSOR_TYPE)}))})
_TENSOR = _Message(
    {1: _Field("dims", int, repeated=True), 2: _Field("type", int), 8: _Field("name", str), 9: _Field("data", bytes)}
)
_ATTRIBUTE = _Message(
    {1: _Field("name", str), 3: _Field("int", int), 8: _Field("ints", int, repeated=True), 20: _Field("type", int)}
)
_NODE = _Message(
    {
        1: _Field("inputs", str, repeated=True),
        2: _Field("outputs", str, repeated=True),
        3: _Field("name", str),
        4: _Field("operator", str),
        5: _Field("attributes", _ATTRIBUTE, repeated=True),
    }
)
_GRAPH = _Message(
    {
        1: _Field("nodes", _NODE, repeated=True),
        2: _Field("name", str),
        5: _Field("initializers", _TENSOR, repeated=True),
        11: _Field("inputs", _VALUE, repeated=True),
        12: _Field("outputs", _VALUE, repeated=True),
    }
)
_MODEL = _Message(
    {
        1: _Field("ir_version", int),
        2: _Field("producer", str),
        7: _Field("graph", _GRAPH),
        8: _Field("opsets", _Message({1: _Field("domain", str), 2: _Field("version", int)}), repeated=True),
    }
)
# Names of fields for which somebody may look in vain for the reason, and what they would do.
_FORBIDDEN = {
    id(_MODEL): {20: "training of its own", 25: "functions"},
    id(_GRAPH): {15: "sparse tensors"},
    id(_ATTRIBUTE): {6: "a subgraph", 11: "subgraphs"},
    id(_TENSOR): {13: "data outside itself", 14: "data outside itself"},
    id(_NODE): {7: "an operator of another domain"},
}


def read_graph(model: bytes | bytearray) -> dict[str, Any]:
    """The graph of a serialised ONNX model as nested dictionaries, every field there, empty where it was left out.

    Raises:
        ModelRejected: the bytes are no ONNX model, or have a field that the models served here do not have.
    """
    graph: dict[str, Any] | None = _parse(memoryview(model), _MODEL)["graph"]
    if graph is None:
        raise ModelRejected("the ONNX file has no graph")
    return graph


def with_outputs(model: bytes, names: Iterable[str]) -> bytes:
    """A serialised model whose graph gives tensors of floats under these ``names`` too, which its nodes have.

    What is appended is a graph of nothing else: where a message stands twice its parts are joined
    (https://protobuf.dev/programming-guides/encoding/#last-one-wins). ONNX Runtime reads it, and nobody else.
    """
    floats = _written(2, _written(1, bytes((1 << 3 | _VARINT, 1))))
    return model + _written(7, b"".join(_written(12, _written(1, name.encode()) + floats) for name in names))


def _written(number: int, content: bytes) -> bytes:
    """One field of a message or a text of fewer than 128 bytes."""
    return bytes((number << 3 | _BYTES, len(content))) + content


def _parse(data: memoryview, message: _Message) -> dict[str, Any]:
    found: dict[str, Any] = {field.name: [] if field.repeated else None for field in message.values()}
    for number, wire, value in _fields(data):
        field = message.get(number)
        if field is None:
            what = _FORBIDDEN.get(id(message), {}).get(number, f"a field ({number}) of a kind that is not served here")
            raise ModelRejected(f"the ONNX file has {what}")
        for each in _values(field, wire, value):
            if field.repeated:
                if len(found[field.name]) == _MOST:
                    raise ModelRejected(f"the ONNX file has more than {_MOST} {field.name}")
                found[field.name].append(each)
            elif found[field.name] is not None:
                raise ModelRejected(f"the ONNX file gives {field.name} twice")
            else:
                found[field.name] = each
    return found


def _values(field: _Field, wire: int, value: int | memoryview) -> Iterator[Any]:
    if field.kind is int and isinstance(value, int):
        yield value - (1 << 64) if value >> 63 else value
    elif field.kind is int and field.repeated and isinstance(value, memoryview):  # packed
        start = 0
        while start < len(value):
            each, start = _varint(value, start)
            yield each - (1 << 64) if each >> 63 else each
    elif field.kind is int or isinstance(value, int):
        raise ModelRejected(f"the ONNX file has {field.name} in another form (wire type {wire})")
    elif isinstance(field.kind, _Message):
        yield _parse(value, field.kind)
    elif field.kind is str:
        yield _text(value)
    else:
        yield value


def _fields(data: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, place = _varint(data, place)
            yield number, wire, value
        elif wire == _BYTES:
            length, place = _varint(data, place)
            if length > len(data) - place:
                raise ModelRejected("the ONNX file is cut short, or no ONNX file")
            yield number, wire, data[place : place + length]
            place += length
        else:
            raise ModelRejected(f"the ONNX file has a field ({number}) of a kind that is not served here")


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise ModelRejected("the ONNX file is cut short, or no ONNX file")
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, place
    raise ModelRejected("the ONNX file has a number of more than 64 bits")


def _text(value: memoryview) -> str:
    try:
        return str(value, "utf-8")
    except UnicodeDecodeError as error:
        raise ModelRejected("the ONNX file has a name that is no text") from error
