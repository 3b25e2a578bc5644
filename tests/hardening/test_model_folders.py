"""Folders of models that somebody else made, their checksums all right, beside a good one on a live service."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from tests.conftest import MODELS
from tests.damage import edit, replace
from tests.serving import Process, children_of

SECONDS = 120  # far more than it takes: several processes start, on a busy machine


def network(*nodes: onnx.NodeProto, functions: tuple[onnx.FunctionProto, ...] = ()) -> bytes:
    """The published network with ``nodes`` before its own."""
    model = onnx.load_from_string((MODELS / "sine-gru" / "1" / "model.onnx").read_bytes())
    for place, node in enumerate(nodes):
        model.graph.node.insert(place, node)
    model.functions.extend(functions)
    if functions:
        model.opset_import.append(helper.make_opsetid("own", 1))
    return model.SerializeToString()


def endless_loop() -> bytes:
    """What the network reads goes a thousand million million times around first."""
    numbers = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", "T", 2]) for name in ("x", "y")]
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Tanh", ["x"], ["y"])],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            numbers[0],
        ],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, []), numbers[1]],
    )
    turns = helper.make_node("Constant", [], ["turns"], value_int=10**15)
    looped = onnx.load_from_string(
        network(turns, helper.make_node("Loop", ["turns", "", "sequence"], ["looped"], body=body))
    )
    looped.graph.node[2].input[0] = "looped"
    return looped.SerializeToString()


def nested_functions() -> bytes:
    """19 kB that are a thousand million nodes once every call is written out."""
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("own", 1)]
    first = helper.make_function("own", "f0", ["x"], ["y"], [helper.make_node("Tanh", ["x"], ["y"])], opsets)
    others = [
        helper.make_function(
            "own",
            f"f{depth}",
            ["x"],
            ["y"],
            [
                helper.make_node(f"f{depth - 1}", ["x"], ["z"], domain="own"),
                helper.make_node(f"f{depth - 1}", ["z"], ["y"], domain="own"),
            ],
            opsets,
        )
        for depth in range(1, 30)
    ]
    return network(helper.make_node("f29", ["sequence"], ["made"], domain="own"), functions=(first, *others))


def two_gigabytes() -> bytes:
    shape = helper.make_node("Constant", [], ["shape"], value_ints=[2**29])
    return network(shape, helper.make_node("ConstantOfShape", ["shape"], ["made"]))


def pipe(folder: Path) -> None:
    (folder / "card.json").unlink()
    os.mkfifo(folder / "card.json")


def link(folder: Path) -> None:
    (folder / "model.onnx").rename(folder / "other")
    (folder / "model.onnx").symlink_to("other")


def giant(folder: Path) -> None:
    with (folder / "golden.json").open("wb") as file:
        file.truncate(2**40)


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "endless-loop": (replace("model.onnx", endless_loop()), "subgraph"),
    "nested-functions": (replace("model.onnx", nested_functions()), "functions"),
    "two-gigabytes": (replace("model.onnx", two_gigabytes()), "kind that is not served here|operator"),
    "runtimes-own-format": (replace("model.onnx", b"\x20\x00\x00\x00ORTM" + 1000 * b"\x00"), "the ONNX file"),
    "pipe": (pipe, "not a regular file"),
    "link": (link, "cannot be read"),
    "giant": (giant, "more than"),
}


def make(place: Path, name: str) -> Path:
    """A published model under another name, with what is hostile in it."""
    staged = place / f".{name}"
    shutil.copytree(MODELS / "sine-gru", staged)
    edit("card.json", lambda card: card.update(name=name))(staged / "1")
    HOSTILE.get(name, (lambda _: None, ""))[0](staged / "1")
    return staged.rename(place / name)


def warnings(service: Process) -> list[str]:
    lines = [line for line in service.output.read_text().splitlines() if line.startswith("{")]
    return [json.loads(line)["message"] for line in lines]


@pytest.fixture(params=["at start", "while it serves"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Process]:
    """With every hostile folder and one good one of somebody's."""
    place = tmp_path / "models"
    place.mkdir()
    names = [*HOSTILE, "good"]
    if request.param == "at start":
        for name in names:
            make(place, name)
    flags = ("--log-durability", "process", "--models-poll-seconds", "0.1")
    with Process(tmp_path, *flags) as running:
        running.wait_until_ready()
        if request.param != "at start":
            for name in names:
                make(place, name)
        yield running


def test_each_is_refused_by_name_with_the_reason_and_everything_else_is_served(service: Process) -> None:
    deadline = time.monotonic() + SECONDS
    while len(refused := service.client.get("/health/ready").json()["refused"]) < len(HOSTILE):
        assert time.monotonic() < deadline, refused
        time.sleep(0.05)  # between two looks
    assert refused.keys() == {f"{name}/1" for name in HOSTILE}
    while "good" not in (names := [m["name"] for m in service.client.get("/models").json()["models"]]):
        assert time.monotonic() < deadline, names
        time.sleep(0.05)
    assert "sine-gru" in names
    assert service.client.post("/predict", json={"model": "good", "sequence": [1, 2, 3]}).status_code == 200
    for name, (_, reason) in HOSTILE.items():
        (line,) = (line for line in warnings(service) if line.startswith(f"{name}/1: "))
        assert any(part in line for part in reason.split("|")), line
    assert children_of(service.process.pid) == []
    assert service.stop() == 0


@pytest.mark.parametrize("when", ["at start", "while it serves"])
def test_a_service_that_is_told_to_end_waits_for_no_folder(tmp_path: Path, when: str) -> None:
    script = """
from service.inference import vetting
start = vetting._Child.__init__
vetting._Child.__init__ = lambda self, command: start(self, ["sleep", "600"])
from service.__main__ import main; main()
"""
    (tmp_path / "models").mkdir()
    if when == "at start":
        make(tmp_path / "models", "good")
    with Process(tmp_path, "--models-poll-seconds", "0.1", program=("-c", script)) as service:
        if when != "at start":
            service.wait_until_ready()
            make(tmp_path / "models", "good")
        deadline = time.monotonic() + SECONDS
        while not (loading := children_of(service.process.pid)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert service.stop() == 0, service.output.read_text()
    assert not Path(f"/proc/{loading[0]}").exists()
