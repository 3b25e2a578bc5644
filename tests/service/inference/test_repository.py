"""Loading, unloading and watching model folders: nothing bad replaces what is served."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from service.errors import ModelRejected, UnknownModel
from service.inference.engine import Engine
from service.inference.repository import Repository
from tests.conftest import CopyModel

SERIES = [1.0, 2.0, 4.0, 7.0, 11.0]


@pytest.fixture
def folder(copy_model: CopyModel) -> Path:
    """Of sine-gru, with version 1 in it."""
    return copy_model("sine-gru").parent


def add_version(folder: Path, version: str, source: str = "1") -> Path:
    """A copy of ``source`` under another number, as training would have written it."""
    target = folder / version
    shutil.copytree(folder / source, target)
    card = json.loads((target / "card.json").read_text())
    (target / "card.json").write_text(json.dumps({**card, "version": version}))
    return target


def damage(path: Path) -> None:
    (path / "model.onnx").write_bytes(b"no network")


def test_the_highest_version_answers_and_every_version_can_be_named(folder: Path) -> None:
    for version in ("2", "10"):
        add_version(folder, version)
    catalog = Repository(folder.parent).catalog
    assert catalog.versions("sine-gru") == ["1", "2", "10"]
    engine = Engine(catalog)
    assert engine.predict([SERIES], "sine-gru")[0].version == "10"
    assert engine.predict([SERIES], "sine-gru", "2")[0].version == "2"


def test_load_serves_a_new_version(folder: Path) -> None:
    repository = Repository(folder.parent)
    add_version(folder, "2")
    assert repository.catalog.versions("sine-gru") == ["1"]
    repository.load("sine-gru")
    assert repository.catalog.versions("sine-gru") == ["1", "2"]


def test_load_leaves_other_models_alone(folder: Path, copy_model: CopyModel) -> None:
    copy_model("linear-lstm")
    repository = Repository(folder.parent)
    other = repository.catalog.get("linear-lstm")
    repository.load("sine-gru")
    loaded = repository.catalog.get("sine-gru")
    repository.look()
    assert repository.catalog.get("linear-lstm") is other
    assert repository.catalog.get("sine-gru") is loaded


def test_a_bad_folder_leaves_the_old_model_serving_and_says_why(folder: Path) -> None:
    repository = Repository(folder.parent)
    before = repository.catalog.get("sine-gru")
    damage(folder / "1")
    with pytest.raises(ModelRejected, match="checksum"):
        repository.load("sine-gru")
    assert repository.catalog.get("sine-gru") is before
    (entry,) = repository.index()
    assert entry.served
    assert "checksum" in entry.reason


def test_an_unloaded_model_is_unknown_until_it_is_loaded_again(folder: Path) -> None:
    repository = Repository(folder.parent)
    repository.unload("sine-gru")
    with pytest.raises(UnknownModel):
        repository.catalog.get("sine-gru")
    add_version(folder, "2")
    repository.look()
    assert [(entry.version, entry.served, entry.reason) for entry in repository.index()] == [("1", False, "unloaded")]
    repository.load("sine-gru")
    assert [(entry.version, entry.served) for entry in repository.index()] == [("1", True), ("2", True)]


@pytest.mark.parametrize("name", ["nobody", "../models/sine-gru", "sine-gru/1", "", ".", "..", "\0", "*"])
def test_only_names_of_folders_can_be_loaded_or_unloaded(folder: Path, name: str) -> None:
    repository = Repository(folder.parent)
    for change in (repository.load, repository.unload):
        with pytest.raises(UnknownModel):
            change(name)
    assert repository.catalog.versions("sine-gru") == ["1"]


def test_a_look_takes_in_new_and_changed_versions(folder: Path, copy_model: CopyModel) -> None:
    repository = Repository(folder.parent)
    before = repository.catalog.get("sine-gru", "1")
    add_version(folder, "2")
    copy_model("linear-lstm")
    repository.look()
    assert repository.catalog.versions("sine-gru") == ["1", "2"]
    assert repository.catalog.versions("linear-lstm") == ["1"]
    assert repository.catalog.get("sine-gru", "1") is before
    (folder / "1" / "card.json").touch()
    repository.look()
    assert repository.catalog.get("sine-gru", "1") is not before


def test_a_look_at_a_bad_version_changes_nothing_until_it_is_mended(folder: Path) -> None:
    repository = Repository(folder.parent)
    damage(add_version(folder, "2"))
    repository.look()
    assert repository.catalog.get("sine-gru").card.version == "1"
    assert "sine-gru/2" in repository.catalog.refused
    shutil.copy(folder / "1" / "model.onnx", folder / "2" / "model.onnx")
    repository.look()
    assert repository.catalog.get("sine-gru").card.version == "2"
    assert not repository.catalog.refused


def test_a_version_is_served_until_it_was_missed_twice(folder: Path) -> None:
    add_version(folder, "2")
    repository = Repository(folder.parent)
    shutil.rmtree(folder / "2")
    repository.look()
    assert repository.catalog.versions("sine-gru") == ["1", "2"]
    repository.look()
    assert repository.catalog.versions("sine-gru") == ["1"]


def test_a_version_that_comes_back_between_two_looks_was_never_gone(folder: Path) -> None:
    repository = Repository(folder.parent)
    (folder / "1").rename(folder / "away")
    repository.look()
    (folder / "away").rename(folder / "1")
    repository.look()
    repository.look()
    assert repository.catalog.versions("sine-gru") == ["1"]


def test_who_reads_the_catalog_meanwhile_is_not_disturbed(folder: Path) -> None:
    repository = Repository(folder.parent)
    reading = iter(repository.catalog)
    repository.unload("sine-gru")
    assert [model.reference for model in reading] == ["sine-gru/1"]


def test_processes_follow_what_one_of_them_was_told(folder: Path, tmp_path: Path) -> None:
    changes = tmp_path / "changes"
    changes.mkdir()
    told, other = (Repository(folder.parent, changes=changes) for _ in range(2))
    told.unload("sine-gru")
    other.follow()
    assert other.catalog.versions("sine-gru") == []
    assert Repository(folder.parent, changes=changes).catalog.versions("sine-gru") == []  # one that starts later
    add_version(folder, "2")
    other.load("sine-gru")
    told.follow()
    assert told.catalog.versions("sine-gru") == ["1", "2"]
    before = told.catalog.get("sine-gru")
    told.follow()
    other.follow()
    assert told.catalog.get("sine-gru") is before


def test_a_process_that_cannot_follow_serves_on(folder: Path, tmp_path: Path) -> None:
    changes = tmp_path / "changes"
    changes.mkdir()
    told, other = (Repository(folder.parent, changes=changes) for _ in range(2))
    told.load("sine-gru")
    damage(folder / "1")
    other.follow()
    assert other.catalog.versions("sine-gru") == ["1"]
    assert "sine-gru/1" in other.catalog.refused
