"""What may stand in an ONNX file: a chain of layers as training exports it, however the bytes are written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from service.errors import ModelRejected
from service.folders import read_folder
from service.inference.network import OnnxNetwork
from service.inference.onnx_form import form_of
from service.inference.readings import reading_of
from tests.conftest import MODELS

Change = Callable[[onnx.ModelProto], object]


def model_bytes(name: str = "sine-gru") -> bytes:
    return (MODELS / name / "1" / "model.onnx").read_bytes()


def changed(change: Change, name: str = "sine-gru") -> bytes:
    model = onnx.load_from_string(model_bytes(name))
    change(model)
    return model.SerializeToString()


@pytest.mark.parametrize("folder", sorted(MODELS.glob("*/1")), ids=lambda folder: folder.parent.name)
def test_a_published_network_is_what_its_card_says(folder: Path) -> None:
    found = read_folder(folder)
    form = reading_of(found.card).load(found.onnx).form
    assert form.parameters == found.card.parameters
    assert [tuple(each) for each in form.layers] == [(e.kind, e.units, e.activation) for e in found.card.layers]


def small_graph(operator: str) -> onnx.GraphProto:
    return helper.make_graph([helper.make_node(operator, ["a"], ["b"])], "body", [], [])


def add_node(operator: str, inputs: list[str], **attributes: object) -> Change:
    """In front of all others, so that nothing else is amiss."""
    node = helper.make_node(operator, inputs, ["made"], name="added", **attributes)
    return lambda model: model.graph.node.insert(0, node)


def add_functions(model: onnx.ModelProto) -> None:
    """Each calls the one before twice: a thousand million nodes once they are all written out."""
    for depth in range(30):
        nodes = [helper.make_node(f"f{depth - 1}", ["x"], ["y"], domain="own") for _ in range(2)]
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid("own", 1)]
        model.functions.append(helper.make_function("own", f"f{depth}", ["x"], ["y"], nodes, opsets))


def subgraph_in_a_permitted_operator(model: onnx.ModelProto) -> None:
    model.graph.node[0].attribute.append(helper.make_attribute("body", small_graph("Tanh")))


def another_domain(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.microsoft"


def point_outside(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    model.graph.initializer[0].external_data.add(key="location", value="../../etc/passwd")


def sparse(model: onnx.ModelProto) -> None:
    tensor = model.graph.sparse_initializer.add()
    tensor.dims.extend([2**40])


def double_again_and_again(model: onnx.ModelProto) -> None:
    """Concat of a flow with itself, forty times: 2 to the 40th of what came in."""
    del model.graph.node[:]
    for place in range(40):
        before = f"d{place - 1}" if place else "sequence"
        model.graph.node.append(helper.make_node("Concat", [before, before], [f"d{place}"], axis=0))


def multiply_by_itself(model: onnx.ModelProto) -> None:
    """All steps times all steps, where a kernel should stand."""
    node = next(node for node in model.graph.node if node.op_type == "Gemm")
    node.input[1] = node.input[0]


def widen(model: onnx.ModelProto) -> None:
    """A row of many numbers as many rows of one: each further layer would make the same of it again."""
    node = next(node for node in model.graph.node if node.op_type == "Reshape")
    shape = next(tensor for tensor in model.graph.initializer if tensor.name == node.input[1])
    shape.CopyFrom(numpy_helper.from_array(np.array([-1, 1], np.int64), shape.name))


def read_more_units(model: onnx.ModelProto) -> None:
    node = next(node for node in model.graph.node if node.op_type == "GRU")
    node.attribute[0].i = 2**40


def declare_a_huge_state(model: onnx.ModelProto) -> None:
    state = next(value for value in model.graph.input if value.name == "h0_0")
    state.type.tensor_type.shape.dim[2].dim_value = 2**40


def hide_the_weights(model: onnx.ModelProto) -> None:
    """/inspect could not read them."""
    del model.graph.output[-1]


def floats_elsewhere(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.float_data.extend(numpy_helper.to_array(tensor).ravel().tolist())
    tensor.ClearField("raw_data")


def four_thousand_units(model: onnx.ModelProto) -> None:
    """Within the bounds of a file, and of more units than answers have memory for."""
    node = next(node for node in model.graph.node if node.op_type == "Gemm")
    sizes = {node.input[1]: (32, 4097), node.input[2]: (4097,)}
    for tensor in model.graph.initializer:
        if tensor.name in sizes:
            tensor.CopyFrom(numpy_helper.from_array(np.zeros(sizes[tensor.name], np.float32), tensor.name))


HOSTILE: dict[str, tuple[Change, str]] = {
    "a loop": (add_node("Loop", ["length", "", "sequence"], body=small_graph("Tanh")), "a subgraph"),
    "a branch": (add_node("If", ["length"], then_branch=small_graph("Tanh")), "a subgraph"),
    "an operator that makes much of little": (add_node("ConstantOfShape", ["length"]), "operator ConstantOfShape"),
    "an operator that expands": (add_node("Expand", ["sequence", "length"]), "operator Expand"),
    "an operator with an odd name": (add_node("A\nB\x1b[2J", []), r"operator A\nB\x1b[2J, which"),
    "nested functions": (add_functions, "functions"),
    "a subgraph": (subgraph_in_a_permitted_operator, "a subgraph"),
    "another domain": (another_domain, "another domain"),
    "data outside": (point_outside, "data outside itself"),
    "sparse tensors": (sparse, "sparse tensors"),
    "a flow that doubles": (double_again_and_again, "no part of a chain"),
    "a product of steps": (multiply_by_itself, "no part of a chain"),
    "rows made of columns": (widen, "no part of a chain"),
    "more units than weights": (read_more_units, "no part of a chain"),
    "a state of another size": (declare_a_huge_state, "no part of a chain"),
    "too many units": (four_thousand_units, "4097 units; at most 4096"),
    "weights that are not given out": (hide_the_weights, "lacks the outputs layer_2.bias"),
    "weights in another form": (floats_elsewhere, "kind that is not served here"),
    "no nodes": (lambda model: model.graph.ClearField("node"), "lacks the outputs|is not what its layers answer"),
    "an input besides": (
        lambda model: model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, ["N"])),
        "inputs besides",
    ),
    "no length": (lambda model: model.graph.input.pop(1), "lacks the inputs sequence and length"),
    "any number of features": (
        lambda model: setattr(model.graph.input[0].type.tensor_type.shape.dim[2], "dim_param", "F"),
        "a number of features",
    ),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_is_no_chain_of_layers_is_refused_with_the_reason(hostile: str) -> None:
    change, reason = HOSTILE[hostile]
    with pytest.raises(ModelRejected) as refused:
        OnnxNetwork(changed(change), 2)
    assert any(part in refused.value.detail for part in reason.split("|")), refused.value.detail
    assert refused.value.detail.isprintable()


GRAPH_TWICE = (
    model_bytes() + b"\x3a\x00"
)  # a parser that merges would see one graph: the first with the second's fields


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (GRAPH_TWICE, "gives graph twice"),
        (model_bytes() + b"\xa2\x06\x00", "a field (100) of a kind"),
        (model_bytes() + b"\x0b", "a field (1) of a kind"),  # a group
        (b"\x08\x0a", "has no graph"),
        (b"\x08" + 10 * b"\xff" + b"\x01", "more than 64 bits"),
        (b"\x0a\x01\x08", "ir_version in another form"),
        (b"\x10\x01", "producer in another form"),
        (b"\x12\x01\xff", "no text"),
        (b"\x3a\xff\xff\xff\xff\x0f", "cut short"),
        (b"\x3a", "cut short"),
        (b"\x3a\xa2\x9c\x01" + 10_001 * b"\x0a\x00", "more than 10000 nodes"),
        (b"\x20\x00\x00\x00ORTM" + 100 * b"\x00", "the ONNX file"),  # ONNX Runtime's own format
    ],
)
def test_bytes_that_two_parsers_could_read_in_two_ways_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ModelRejected) as refused:
        OnnxNetwork(data, 2)
    assert reason in refused.value.detail


def test_an_unusual_encoding_is_read_as_any_parser_reads_it() -> None:
    plain = model_bytes()
    assert plain.startswith(b"\x08\x0a")
    overlong = b"\x08\x8a\x00" + plain[2:]  # the same number, written in two bytes
    assert form_of(overlong) == form_of(plain)
    hidden = changed(point_outside).replace(b"\x0a\x08location", b"\x0a\x88\x00location")
    with pytest.raises(ModelRejected):
        form_of(hidden)
