"""Every way in which a model folder can be bad: refused by name with the reason, while the others serve."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from service.cards import KERAS, MODEL_FILES, ModelCard
from service.errors import ModelRejected
from service.folders import model_folders, read_folder
from service.inference.catalog import load
from service.inference.repository import Repository
from tests.conftest import MODELS, CopyModel
from tests.damage import Damage, edit, replace


def remove(file: str) -> Damage:
    return lambda folder: (folder / file).unlink()


def flip_a_byte(folder: Path) -> None:
    content = bytearray((folder / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.onnx").write_bytes(content)


def truncate_the_network(folder: Path) -> None:
    replace("model.onnx", (folder / "model.onnx").read_bytes()[:-300])(folder)


def change_the_network(change: Callable[[onnx.ModelProto], object]) -> Damage:
    def damage(folder: Path) -> None:
        model = onnx.load_from_string((folder / "model.onnx").read_bytes())
        change(model)
        replace("model.onnx", model.SerializeToString())(folder)

    return damage


def double_the_weights(model: onnx.ModelProto) -> None:
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(2 * numpy_helper.to_array(tensor), tensor.name))


def make_the_weights_infinite(model: onnx.ModelProto) -> None:
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * float("inf"), tensor.name))


def read_other_ranks(model: onnx.ModelProto) -> None:
    """Loads, with inputs and outputs of the right names, and fails when it is run."""
    del model.graph.node[:], model.graph.initializer[:], model.graph.input[:], model.graph.output[:]
    model.graph.input.append(helper.make_tensor_value_info("sequence", TensorProto.FLOAT, ["n", 2]))
    model.graph.input.append(helper.make_tensor_value_info("length", TensorProto.INT32, ["n"]))
    model.graph.node.append(helper.make_node("Identity", ["sequence"], ["prediction"]))
    model.graph.output.append(helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["n", 2]))


def shorten_the_weights(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-4]


def point_outside(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../secret")


BAD: dict[str, tuple[Damage, str]] = {
    **{
        f"no {file}": (lambda folder, file=file: (folder / file).unlink(), f"{file} cannot be read")
        for file in MODEL_FILES
        if file != KERAS
    },
    "no card": (lambda folder: (folder / "card.json").unlink(), "card.json cannot be read"),
    "a changed byte": (flip_a_byte, "model.onnx is not the file that its card was written for"),
    "a card that is no JSON": (lambda folder: (folder / "card.json").write_bytes(b'{"format": 2,'), "card.json breaks"),
    "a card in another encoding": (lambda folder: (folder / "card.json").write_bytes(b"\xff\xfe{"), "card.json breaks"),
    "another format": (edit("card.json", lambda card: card.update(format=3)), "breaks the contract at format"),
    "no format": (edit("card.json", lambda card: card.pop("format")), "breaks the contract at format"),
    "another name": (edit("card.json", lambda card: card.update(name="other")), "the card is that of other/1"),
    "a name that is a path": (edit("card.json", lambda card: card.update(name="../x")), "breaks the contract at name"),
    "an unknown member": (edit("card.json", lambda card: card.update(extra=1)), "breaks the contract at extra"),
    "a missing member": (edit("card.json", lambda card: card.pop("layers")), "breaks the contract at layers"),
    "no checksum": (edit("card.json", lambda card: card["checksums"].pop("model.onnx")), "no checksum for model.onnx"),
    "no evaluation": (
        edit("card.json", lambda card: card.update(evaluations=[])),
        "breaks the contract at evaluations",
    ),
    "no reading": (edit("card.json", lambda card: card.pop("reading")), "breaks the contract at reading"),
    "a reading that nobody knows": (
        edit("card.json", lambda card: card.update(reading={"kind": "tea-leaves"})),
        "no reading of the kind tea-leaves is installed; there are series, windows, pairs",
    ),
    "a reading without a kind": (
        edit("card.json", lambda card: card.update(reading={"window": 8})),
        "breaks the contract at reading.kind",
    ),
    "a window without raw values": (
        edit("card.json", lambda card: card["reading"].update(window=8)),
        "breaks the contract at reading.window",
    ),
    "no level": (
        edit("card.json", lambda card: card["intervals"].update(quantiles={})),
        "breaks the contract at intervals",
    ),
    "a level without steps": (
        edit("card.json", lambda card: card["intervals"]["quantiles"].update({"90": []})),
        "breaks the contract at intervals",
    ),
    "levels of unlike horizons": (
        edit("card.json", lambda card: card["intervals"]["quantiles"]["90"].pop()),
        "the levels reach unlike numbers of steps ahead",
    ),
    **{
        f"a level called {level}": (
            edit("card.json", lambda card, level=level: card["intervals"]["coverage"].update({level: [0.5]})),
            "a level is a number between 0 and 100 in its shortest form",
        )
        for level in ("0", "100", "80.0", "nan", "high", " 80", "8e1")
    },
    "golden answers that are no JSON": (replace("golden.json", b"[]"), "golden.json breaks the contract"),
    "no golden answer": (
        edit("golden.json", lambda golden: golden.update(cases=[])),
        "golden.json breaks the contract",
    ),
    "a golden answer to nothing": (
        edit("golden.json", lambda golden: golden["cases"][0].update(sequence=[])),
        "golden.json breaks the contract",
    ),
    "golden answers of another kind": (
        edit("golden.json", lambda golden: golden["cases"][0].update(sequence=[[0, 1.0], [1, 2.0]])),
        "kind|list of numbers",
    ),
    "golden answers that are not met": (
        edit("golden.json", lambda golden: golden["cases"][0].update(value=golden["cases"][0]["value"] * 1.001 + 0.1)),
        "golden answers are missed",
    ),
    "other weights": (change_the_network(double_the_weights), "golden answers are missed"),
    "infinite weights": (change_the_network(make_the_weights_infinite), "not finite"),
    "a truncated network": (truncate_the_network, "the ONNX file is cut short"),
    "another network": (change_the_network(read_other_ranks), "is not [sequences, steps, a number of features]"),
    "weights of another size than they say": (
        change_the_network(shorten_the_weights),
        "the ONNX file cannot be loaded",
    ),
    "a card of another size": (edit("card.json", lambda card: card.update(parameters=1)), "and the card 3 with 1"),
    "a card of other layers": (
        edit("card.json", lambda card: card["layers"][0].update(kind="lstm")),
        "layers of another kind",
    ),
    "an empty network": (replace("model.onnx", b""), "the ONNX file"),
    "data outside the network": (change_the_network(point_outside), "has data outside itself"),
}


@pytest.mark.filterwarnings("ignore:invalid value")  # NumPy's word on infinite weights
@pytest.mark.parametrize("bad", BAD)
def test_a_bad_folder_is_refused_by_name_with_the_reason_while_others_serve(copy_model: CopyModel, bad: str) -> None:
    damage, reason = BAD[bad]
    folder = copy_model("sine-gru")
    copy_model("linear-gru")
    damage(folder)
    catalog = Repository(folder.parents[1]).catalog
    assert [model.card.name for model in catalog] == ["linear-gru"]
    assert catalog.refused.keys() == {"sine-gru/1"}
    assert catalog.refused["sine-gru/1"].startswith("sine-gru/1: ")
    assert any(part in catalog.refused["sine-gru/1"] for part in reason.split("|"))


@pytest.mark.parametrize(
    "change",
    [
        {"reading": {"kind": "windows"}},
        {"reading": {"kind": "windows", "window": None}},
        {"reading": {"kind": "windows", "window": 0}},
        {"reading": {"kind": "windows", "window": -1}},
        {"reading": {"kind": "windows", "window": 10, "values": [0.0, "wide"]}},
        {"reading": {"kind": "windows", "window": 10, "indices": [0, 5]}},
        {"lengths": {"accepted": [9, None], "trained": [10, 10]}},  # shorter than the window
    ],
)
def test_a_windowed_card_has_one_window_that_every_accepted_length_fills(
    copy_model: CopyModel, change: dict[str, Any]
) -> None:
    folder = copy_model("textbook-sine-gru")
    edit("card.json", lambda card: card.update(change))(folder)
    with pytest.raises(
        ModelRejected, match=r"^textbook-sine-gru/1: the card breaks the contract at (reading|lengths)\."
    ):
        load(read_folder(folder))


@pytest.mark.parametrize("change", [{"window": 4}, {"indices": None}, {"indices": [0]}, {"indices": [0.5, 5]}])
def test_a_card_of_pairs_has_indices_and_no_window(copy_model: CopyModel, change: dict[str, Any]) -> None:
    folder = copy_model("memory-gru")
    edit("card.json", lambda card: card["reading"].update(change))(folder)
    with pytest.raises(ModelRejected, match=r"^memory-gru/1: the card breaks the contract at reading\."):
        load(read_folder(folder))


def test_a_folder_without_its_keras_file_is_served_from_the_onnx_form(copy_model: CopyModel) -> None:
    folder = copy_model("sine-gru")
    (folder / KERAS).unlink()
    assert [model.card.name for model in Repository(folder.parents[1]).catalog] == ["sine-gru"]
    assert read_folder(folder).keras is None


@pytest.mark.parametrize("file", [*MODEL_FILES, "card.json"])
@pytest.mark.parametrize("kind", ["pipe", "link", "folder", "giant", "device"])
def test_only_regular_files_of_bounded_size_are_read(copy_model: CopyModel, file: str, kind: str) -> None:
    """Neither waited for nor taken into memory, in the service itself, which reads before anything is tried."""
    folder = copy_model("sine-gru")
    path, aside = folder / file, folder / "aside"
    path.rename(aside)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(aside)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as sparse:
            sparse.truncate(2**40)
    with pytest.raises(ModelRejected, match=rf"^sine-gru/1: {file} cannot be read \((?!None)[\w ,]+\)$"):
        read_folder(folder)


@pytest.mark.parametrize(
    "name",
    ["Sine-GRU/1", "sine_gru/1", "-x/1", "x" * 101 + "/1", "a\nb/1", "a\x1b[2J/1", os.fsdecode(b"\xff/1"), "x/1-old"],
)
def test_a_name_that_no_model_can_have_is_said_on_one_line_of_plain_text(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir(parents=True)
    repository = Repository(tmp_path)
    (complaint,) = repository.complaints()
    assert complaint.isascii()
    assert complaint.isprintable()
    assert "folder is named by" in complaint
    assert repository.catalog.refused == {complaint.partition(": ")[0]: complaint}


def test_what_a_card_names_cannot_forge_lines(copy_model: CopyModel) -> None:
    folder = copy_model("sine-gru")
    edit("card.json", lambda card: card.update({'x\n{"level": "info"}\x1b[2J' + 5000 * "y": 1}))(folder)
    with pytest.raises(ModelRejected) as refused:
        read_folder(folder)
    assert refused.value.detail.isprintable()
    assert len(refused.value.detail) < 400


def test_a_version_that_begins_with_a_zero_is_refused_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "sine-gru" / "01").mkdir(parents=True)
    _, refused = model_folders(tmp_path)
    (reason,) = refused.values()
    assert reason.startswith("sine-gru/01: a version's folder is named by a whole number")


def test_folders_of_others_beside_the_models_are_left_alone(tmp_path: Path) -> None:
    for name in (".git/1", "notes/old", "runs"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "RESULTS.md").touch()
    assert model_folders(tmp_path) == ([], {})
    assert model_folders(tmp_path / "none") == ([], {})


def test_an_unreadable_folder_does_not_stop_the_service(tmp_path: Path) -> None:
    (tmp_path / "sine-gru" / "1" / "card.json").mkdir(parents=True)
    catalog = Repository(tmp_path).catalog
    assert catalog.refused.keys() == {"sine-gru/1"}


@pytest.mark.parametrize("folder", sorted(MODELS.glob("*/*/")), ids=lambda folder: folder.parent.name)
def test_a_published_folder_is_what_its_card_says(folder: Path) -> None:
    found = read_folder(folder)
    assert set(found.card.checksums) == set(MODEL_FILES)
    assert {path.name for path in folder.iterdir()} == {*MODEL_FILES, "card.json"}
    assert ModelCard.model_validate_json(found.card.model_dump_json()) == found.card
    assert all(plot.lstrip().startswith(b"<") for plot in found.plots.values())
    assert len(found.golden.cases) >= 3
