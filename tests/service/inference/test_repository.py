"""Loading, unloading and watching model folders: nothing bad replaces what is served."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.cards import sha256
from service.errors import ModelRejected, ModelUnavailable, UnknownModel
from service.inference.changes import Changes
from service.inference.engine import Engine
from service.inference.repository import Repository
from tests.conftest import MODELS, CopyModel
from tests.damage import edit
from tests.privileges import without_privileges

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


def test_what_is_being_followed_is_news_until_it_is_done(tmp_path: Path) -> None:
    """Whoever is asked for that model meanwhile would say that there is none."""
    told, other = Changes(tmp_path), Changes(tmp_path)
    told.tell("sine-gru", "adopt", "digest")
    for name, change, digest in other.news():
        assert (name, change, digest) == ("sine-gru", "adopt", "digest")
        assert other.is_news("sine-gru")
    assert not other.is_news("sine-gru")
    assert not told.is_news("sine-gru")


def test_a_process_that_cannot_follow_serves_on(folder: Path, tmp_path: Path) -> None:
    changes = tmp_path / "changes"
    changes.mkdir()
    told, other = (Repository(folder.parent, changes=changes) for _ in range(2))
    told.load("sine-gru")
    damage(folder / "1")
    other.follow()
    assert other.catalog.versions("sine-gru") == ["1"]
    assert "sine-gru/1" in other.catalog.refused


def own_and_published(copy_model: CopyModel) -> tuple[Path, Path]:
    """Two places: one's own, empty so far, and one that stands for the published models, with sine-gru in it."""
    published = copy_model("sine-gru").parents[1]
    return published.parent / "own", published


def shared(own: Path, published: Path, description: str = "my own") -> Path:
    """sine-gru once more, in ``own``."""
    target = own / "sine-gru" / "1"
    shutil.copytree(published / "sine-gru" / "1", target)
    edit("card.json", lambda card: card.update(description=description))(target)
    return target


def described(repository: Repository) -> str:
    return repository.catalog.get("sine-gru", "1").card.description


def test_models_of_several_places_are_served_together_and_one_place_may_come_later(copy_model: CopyModel) -> None:
    own, published = own_and_published(copy_model)
    repository = Repository(own, published)
    assert [model.reference for model in repository.catalog] == ["sine-gru/1"]
    shutil.copytree(MODELS / "linear-gru", own / "linear-gru")
    repository.look()
    assert [model.reference for model in repository.catalog] == ["linear-gru/1", "sine-gru/1"]
    assert [model.reference for model in Repository(own, published).catalog] == ["linear-gru/1", "sine-gru/1"]


def test_of_the_same_name_and_version_the_first_place_counts_as_long_as_it_has_one(copy_model: CopyModel) -> None:
    own, published = own_and_published(copy_model)
    repository = Repository(own, published)
    folder = shared(own, published)
    repository.look()
    assert described(repository) == described(Repository(own, published)) == "my own"
    assert described(Repository(published, own)) != "my own"
    (published / "sine-gru" / "1" / "card.json").touch()
    repository.look()
    assert described(repository) == "my own"
    repository.load("sine-gru")
    assert described(repository) == "my own"
    folder.rename(own / "aside")
    repository.look()
    assert described(repository) == "my own"  # whoever replaces it may be between two steps
    repository.look()
    assert described(repository) != "my own"
    (own / "aside").rename(folder)
    repository.look()
    assert described(repository) == "my own"


def test_a_higher_version_answers_wherever_it_is(copy_model: CopyModel) -> None:
    own, published = own_and_published(copy_model)
    shared(own, published)
    add_version(published / "sine-gru", "2")
    repository = Repository(own, published)
    assert repository.catalog.versions("sine-gru") == ["1", "2"]
    assert repository.catalog.get("sine-gru").card.version == "2"


def test_nothing_else_answers_in_the_place_of_a_bad_folder_of_ones_own(copy_model: CopyModel) -> None:
    own, published = own_and_published(copy_model)
    damage(shared(own, published))
    repository = Repository(own, published)
    with pytest.raises(ModelUnavailable, match="checksum"):
        repository.catalog.get("sine-gru")
    shutil.rmtree(own)
    repository.look()
    repository.look()
    assert described(repository) != "my own"
    assert repository.complaints() == []


def test_the_same_place_named_twice_is_one(copy_model: CopyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    _, published = own_and_published(copy_model)
    monkeypatch.chdir(published.parent)
    (published.parent / "link").symlink_to(published)
    repository = Repository(Path("models"), published, Path("link"))
    assert [entry.version for entry in repository.index()] == ["1"]
    repository.look()
    assert [entry.version for entry in repository.index()] == ["1"]


def test_a_reason_is_kept_while_another_version_comes(folder: Path) -> None:
    damage(folder / "1")
    repository = Repository(folder.parent)
    add_version(folder, "2")
    shutil.copy(MODELS / "sine-gru" / "1" / "model.onnx", folder / "2" / "model.onnx")
    repository.look()
    assert repository.catalog.versions("sine-gru") == ["2"]
    assert repository.catalog.refused.keys() == {"sine-gru/1"}


def test_what_is_served_is_said_in_words(folder: Path, tmp_path: Path) -> None:
    assert Repository(folder.parent).in_words() == "1 models"
    assert Repository(tmp_path / "none").in_words() == f"0 models (there is no <name>/<version> in {tmp_path}/none)"
    damage(folder / "1")
    assert Repository(folder.parent).in_words() == "0 models (1 refused, see above)"


@pytest.fixture
def open_folder(folder: Path) -> Iterator[Path]:
    """One that others may enter, down from the top; pytest's own are for its user only."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield Path(shutil.copytree(folder.parent, Path(place) / "models"))


@pytest.mark.parametrize(
    ("closed", "mode", "reference"),
    [
        ("sine-gru", 0o000, "sine-gru"),
        ("sine-gru", 0o644, "sine-gru/1"),  # may be listed, not entered
        ("sine-gru/1", 0o000, "sine-gru/1"),
        ("sine-gru/1/card.json", 0o000, "sine-gru/1"),
        ("sine-gru/1/model.onnx", 0o000, "sine-gru/1"),
        ("sine-gru/1/model.keras", 0o000, "sine-gru/1"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name_until_it_can(
    open_folder: Path, closed: str, mode: int, reference: str
) -> None:
    shutil.copytree(MODELS / "linear-gru", open_folder / "linear-gru")
    (open_folder / closed).chmod(mode)
    with without_privileges():
        repository = Repository(open_folder)
    assert [model.card.name for model in repository.catalog] == ["linear-gru"]
    (complaint,) = repository.complaints()
    assert complaint.startswith(f"{reference}: ")
    assert "Permission denied" in complaint
    assert repository.catalog.refused == {reference: complaint}
    for version in (None, "1"):
        with pytest.raises(ModelUnavailable, match="Permission denied"):
            repository.catalog.get("sine-gru", version)
    with without_privileges(), pytest.raises(ModelRejected, match="Permission denied"):
        repository.load("sine-gru")
    (open_folder / closed).chmod(0o755)
    repository.look()
    assert repository.complaints() == []
    assert repository.catalog.versions("sine-gru") == ["1"]


@pytest.mark.parametrize("closed", [".", "sine-gru", "sine-gru/1"])
def test_what_cannot_be_read_any_more_is_served_on(
    open_folder: Path, closed: str, caplog: pytest.LogCaptureFixture
) -> None:
    repository = Repository(open_folder)
    (open_folder / closed).chmod(0o000)
    with without_privileges():
        for _ in range(3):
            repository.look()
    assert repository.catalog.versions("sine-gru") == ["1"]
    assert len(repository.complaints()) == 1
    assert caplog.text.count("Permission denied") == 1
    (open_folder / closed).chmod(0o755)
    repository.look()
    assert repository.complaints() == []


def test_nothing_else_answers_in_the_place_of_a_folder_of_ones_own_that_cannot_be_read(open_folder: Path) -> None:
    own, published = open_folder.parent / "own", open_folder
    serving = Repository(own, published)
    shared(own, published)
    (own / "sine-gru").chmod(0o000)
    with without_privileges():
        repository = Repository(own, published)
        serving.look()
    with pytest.raises(ModelUnavailable, match="Permission denied"):
        repository.catalog.get("sine-gru")
    assert described(serving) != "my own"  # what was served before goes on
    (own / "sine-gru").chmod(0o755)
    for each in (repository, serving):
        each.look()
        assert described(each) == "my own"
        assert each.complaints() == []


def test_what_this_service_wrote_itself_is_served_untried_here_and_by_the_others(folder: Path, tmp_path: Path) -> None:
    changes = tmp_path / "changes"
    changes.mkdir()
    told, other = (Repository(folder.parent, changes=changes) for _ in range(2))
    path = folder.parent / "mine" / "1"
    shutil.copytree(folder / "1", path)
    edit("card.json", lambda card: card.update(name="mine"))(path)
    told.adopt("mine", sha256((path / "card.json").read_bytes()))
    assert told.folder("mine").path == path
    # Whoever has not looked yet looks before it says that there is no such model.
    assert other.catalog.get("mine").card.name == "mine"
    told.remove("mine")
    assert not path.exists()
    other.follow()
    for repository in (told, other):
        with pytest.raises(UnknownModel):
            repository.catalog.get("mine")
        assert [entry.name for entry in repository.index()] == ["sine-gru"]
        with pytest.raises(UnknownModel):
            repository.remove("mine")
        with pytest.raises(UnknownModel):
            repository.catalog.get("../mine")
    with pytest.raises(UnknownModel):
        told.remove("..")
