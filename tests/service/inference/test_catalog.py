from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from service.errors import ModelUnavailable, UnknownModel
from service.inference.catalog import Catalog
from service.inference.repository import Repository
from tests.conftest import CopyModel
from tests.own_series import add_own_series

PUBLISHED = {
    f"{task}-{cell}" for task in ("linear", "sine", "memory", "series") for cell in ("simplernn", "lstm", "gru")
}
TEXTBOOK = {
    f"textbook-{task}-{cell}" for task in ("compare", "sine", "memory") for cell in ("simplernn", "lstm", "gru")
}
WRITING = {f"{task}-{cell}" for task in ("translate-date", "recall") for cell in ("simplernn", "lstm", "gru")}
WRITING |= {"caption-digit-en-gru", "caption-digit-ko-gru", "draw-digit-gru"}
SLIDES = {"textbook-linear-simplernn-20", "textbook-linear-simplernn-256", "textbook-linear-simplernn-4x34"}


def test_every_published_model_is_served(catalog: Catalog) -> None:
    assert catalog.refused == {}
    assert {model.card.name for model in catalog} == PUBLISHED | TEXTBOOK | SLIDES | WRITING


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("textbook-linear-simplernn-20", 461),
        ("textbook-linear-simplernn-256", 66_305),
        ("textbook-linear-simplernn-4x34", 8_297),
        ("textbook-compare-simplernn", 131),
        ("textbook-compare-lstm", 491),
        ("textbook-compare-gru", 401),
    ],
)
def test_the_slides_models_have_the_slides_parameters(catalog: Catalog, name: str, parameters: int) -> None:
    model = catalog.get(name)
    assert model.card.parameters == parameters
    assert sum(layer.parameters for layer in model.card.layers) == parameters
    assert sum(weight.size for weight in model.weights().values()) >= parameters  # ONNX has both biases


def test_only_next_value_models_may_answer_any_series(catalog: Catalog) -> None:
    candidates = {model.card.name for model in catalog.candidates.always}
    assert candidates == {name for name in PUBLISHED if name.split("-")[0] in {"linear", "sine"}} | {"series-gru"}
    default = catalog.candidates.default
    assert default is not None
    assert default.card.name == "series-gru"


def test_a_name_that_is_not_served_is_unknown_and_no_file_is_touched(catalog: Catalog) -> None:
    for name in ("../models/sine-gru", "sine-gru/1", "%2e%2e", "sine\0gru", "x" * 300, ""):
        with pytest.raises(UnknownModel):
            catalog.get(name)
    with pytest.raises(UnknownModel) as unknown:
        catalog.get("sine-gru", "2")
    assert unknown.value.code == "unknown_version"
    for version in ("01", " 1", "1 ", "\uff11"):
        with pytest.raises(UnknownModel):
            catalog.get("sine-gru", version)


def test_a_refused_model_is_unavailable_by_name_while_the_others_serve(copy_model: CopyModel) -> None:
    broken, folder = copy_model("sine-gru"), copy_model("sine-lstm").parents[1]
    (broken / "model.onnx").write_bytes(b"damaged")
    catalog = Repository(folder).catalog
    assert catalog.refused.keys() == {"sine-gru/1"}
    assert "model.onnx is not the file" in catalog.refused["sine-gru/1"]
    assert catalog.get("sine-lstm").card.name == "sine-lstm"
    for version in (None, "1"):
        with pytest.raises(ModelUnavailable, match="checksum"):
            catalog.get("sine-gru", version)
    with pytest.raises(UnknownModel):
        catalog.get("sine-gru", "2")


def test_where_the_newest_version_is_refused_an_older_one_answers(copy_model: CopyModel) -> None:
    first = copy_model("sine-gru")
    shutil.copytree(first, first.parent / "2")  # its card is still that of version 1
    catalog = Repository(first.parents[1]).catalog
    assert catalog.refused.keys() == {"sine-gru/2"}
    assert catalog.get("sine-gru").card.version == "1"
    assert catalog.versions("sine-gru") == ["1"]
    with pytest.raises(ModelUnavailable):
        catalog.get("sine-gru", "2")


def test_versions_are_ordered_as_numbers_and_the_highest_answers(copy_model: CopyModel) -> None:
    first = copy_model("sine-gru")
    for version in ("2", "10"):
        target = first.parent / version
        shutil.copytree(first, target)
        card = (target / "card.json").read_text()
        assert '"version": "1"' in card
        (target / "card.json").write_text(card.replace('"version": "1"', f'"version": "{version}"'))
    catalog = Repository(first.parents[1]).catalog
    assert catalog.versions("sine-gru") == ["1", "2", "10"]
    assert catalog.get("sine-gru").card.version == "10"
    assert [model.card.version for model in catalog] == ["10"]


def test_stray_files_beside_the_models_are_not_models(tmp_path: Path) -> None:
    (tmp_path / "RESULTS.md").write_text("results")
    (tmp_path / "sine-gru").mkdir()
    (tmp_path / "sine-gru" / "1").write_text("a file, not a folder")
    (tmp_path / "sine-gru" / ".1-half-written").mkdir()
    catalog = Repository(tmp_path).catalog
    assert (len(catalog), catalog.refused, catalog.tasks()) == (0, {}, [])


def test_the_tasks_are_those_of_the_served_models(catalog: Catalog) -> None:
    assert {"linear", "sine", "memory"} <= set(catalog.tasks())
    assert catalog.task("sine-gru") == "sine"
    assert catalog.task(None) is None
    assert catalog.task("gone") is None


def test_the_models_compared_for_a_task_are_its_cells_in_order(catalog: Catalog) -> None:
    for task in ("linear", "sine", "memory"):
        names = [model.card.name for model in catalog.of_task(task)]
        assert names == [f"{task}-{cell}" for cell in ("simplernn", "lstm", "gru")]


@pytest.mark.parametrize("cells", [["gru"], ["lstm"], ["gru", "simplernn"]])
def test_a_task_that_lacks_a_cell_is_compared_by_those_that_it_has(tmp_path: Path, cells: list[str]) -> None:
    for name in add_own_series(tmp_path, "sales"):
        if name.removeprefix("sales-") not in cells:
            shutil.rmtree(tmp_path / name)
    names = [model.card.name for model in Repository(tmp_path).catalog.of_task("sales")]
    assert names == [f"sales-{cell}" for cell in ("simplernn", "lstm", "gru") if cell in cells]


def test_a_cell_that_was_unloaded_or_refused_is_left_out_until_none_is_left(copy_model: CopyModel) -> None:
    copy_model("sine-gru")
    catalog = Repository(copy_model("sine-lstm").parents[1]).catalog
    catalog.put("sine-gru", [], {})
    assert [model.card.name for model in catalog.of_task("sine")] == ["sine-lstm"]
    catalog.put("sine-lstm", [], {"1": "damaged"})
    with pytest.raises(ModelUnavailable, match="damaged"):
        catalog.of_task("sine")
    catalog.put("sine-lstm", [], {})
    with pytest.raises(UnknownModel, match="models are served for no task"):
        catalog.of_task("sine")


def test_a_task_without_models_of_its_name_is_compared_by_all_of_it(copy_model: CopyModel) -> None:
    for name in ("textbook-linear-simplernn-256", "textbook-compare-gru", "textbook-linear-simplernn-20", "sine-gru"):
        folder = copy_model(name).parents[1]
    names = [model.card.name for model in Repository(folder).catalog.of_task("linear")]
    assert names == ["textbook-linear-simplernn-20", "textbook-linear-simplernn-256", "textbook-compare-gru"]


def test_the_highest_version_of_a_model_is_compared(copy_model: CopyModel) -> None:
    first = copy_model("sine-gru")
    shutil.copytree(first, first.parent / "2")
    card = first.parent / "2" / "card.json"
    card.write_text(card.read_text().replace('"version": "1"', '"version": "2"'))
    (only,) = Repository(first.parents[1]).catalog.of_task("sine")
    assert (only.card.name, only.card.version) == ("sine-gru", "2")


def test_a_task_that_is_not_served_is_unknown_and_the_others_are_listed(catalog: Catalog) -> None:
    for task in ("sales", "textbook-sine", "sine-gru", ""):
        with pytest.raises(UnknownModel, match="linear, memory, recall, series, sine, translate-date") as unknown:
            catalog.of_task(task)
        assert unknown.value.code == "unknown_task"
