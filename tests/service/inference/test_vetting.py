"""Folders that nobody vouches for are loaded first in a process of its own, which may take so much and no more."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from service.cards import sha256
from service.errors import ModelPending, ModelRejected
from service.inference import vetting
from service.inference.repository import Repository
from service.inference.vetting import Limits, Vetting
from tests.conftest import MODELS, CopyModel
from tests.damage import edit
from tests.serving import children_of

FAULTS = {
    "all(iter(lambda: 1, 0))": "too much processor time",
    "time.sleep(600)": "takes too long",
    "bytearray(2**31)": "too much memory",
    "os.abort()": "ends the process (code -6)",
    "raise RuntimeError": "ends the process (code 1)",
}


def with_fault(fault: str) -> tuple[str, ...]:
    """The program that loads folders, with a fault where it loads one whose name begins with ``linear``."""
    script = f"""
import os, sys, time
from service.inference import vetting
load = vetting.load
def bad(folder, runtime):
    if folder.card.name.startswith("linear"): {fault}
    load(folder, runtime)
vetting.load = bad
vetting.main(sys.argv[1:])
"""
    return ("-c", script)


def unknown(copy_model: CopyModel, name: str) -> Path:
    """A folder that nobody vouches for."""
    folder = copy_model(name)
    edit("card.json", lambda card: card.update(description="somebody's own"))(folder)
    return folder


def test_the_digests_that_ship_with_the_package_are_those_of_the_published_cards() -> None:
    """Written by `make digests`, after the published models were trained anew."""
    lines = Path(vetting.__file__).with_name("published.sha256").read_text().splitlines()
    stated = {name: digest for digest, name in map(str.split, lines)}
    cards = sorted(MODELS.glob("*/*/card.json"))
    assert stated == {str(card.relative_to(MODELS)): sha256(card.read_bytes()) for card in cards}


def test_a_published_folder_needs_no_process_and_another_does_once(copy_model: CopyModel) -> None:
    before = set(children_of(os.getpid()))  # of other tests
    program = ("-c", "raise SystemExit('nobody should ask')")
    published = copy_model("sine-gru")
    assert Vetting("onnx", program=program).refusals([published]) == {}
    folder = unknown(copy_model, "sine-lstm")
    assert "ends the process" in Vetting("onnx", program=program).refusals([folder])[folder].detail
    vet = Vetting("onnx")
    digest = sha256((folder / "card.json").read_bytes())
    assert not vet.vouches(digest)
    assert vet.refusals([folder, published]) == {}
    assert vet.vouches(digest)
    assert set(children_of(os.getpid())) <= before


@pytest.mark.parametrize("fault", FAULTS)
def test_a_folder_that_misbehaves_is_refused_by_name_and_the_others_pass(
    copy_model: CopyModel, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    before = set(children_of(os.getpid()))  # of other tests
    monkeypatch.setattr(vetting, "_PATIENCE_SECONDS", 120.0)  # of a busy machine
    bad, good = unknown(copy_model, "linear-gru"), unknown(copy_model, "sine-gru")
    limits = Limits(cpu_seconds=1, seconds=2 if "sleep" in fault else 30)
    refused = Vetting("onnx", limits=limits, program=with_fault(fault)).refusals([bad, good])
    assert refused.keys() == {bad}, refused
    assert refused[bad].detail.startswith("linear-gru/1: ")
    assert FAULTS[fault] in refused[bad].detail
    assert set(children_of(os.getpid())) <= before


def test_a_service_that_is_to_end_waits_for_no_folder(copy_model: CopyModel) -> None:
    before = set(children_of(os.getpid()))  # of other tests
    bad, other = unknown(copy_model, "linear-gru"), unknown(copy_model, "sine-gru")
    asked = []

    def ending() -> bool:
        asked.append(True)
        return len(asked) > 3

    refused = Vetting("onnx", ending, program=with_fault("time.sleep(600)")).refusals([bad, other])
    assert all(isinstance(refused[path], ModelPending) for path in (bad, other))
    assert set(children_of(os.getpid())) <= before


def test_folders_whose_turn_does_not_come_are_looked_at_again(
    copy_model: CopyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = unknown(copy_model, "sine-gru")
    unknown(copy_model, "linear-gru")
    with monkeypatch.context() as hurried:
        hurried.setattr(vetting, "_PATIENCE_SECONDS", 0.0)
        repository = Repository(folder.parents[1])
    assert [model.card.name for model in repository.catalog] == ["linear-gru"]
    assert "waits for others" in repository.catalog.refused["sine-gru/1"]
    repository.look()
    assert [model.card.name for model in repository.catalog] == ["linear-gru", "sine-gru"]
    assert repository.catalog.refused == {}


def test_where_no_process_can_be_started_the_folder_is_not_loaded(
    copy_model: CopyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = unknown(copy_model, "sine-gru")
    vet = Vetting("onnx")
    monkeypatch.setattr(vet, "_command", ["/no/such/python"])
    assert "no process could be started" in vet.refusals([folder])[folder].detail


def test_a_card_that_changes_after_it_was_loaded_elsewhere_is_not_served(
    copy_model: CopyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = unknown(copy_model, "sine-gru")
    monkeypatch.setattr(Vetting, "refusals", lambda *_: {})
    repository = Repository(folder.parents[1])
    assert "changed while it was loaded" in repository.catalog.refused["sine-gru/1"]


def test_it_finds_the_service_whatever_stands_in_the_current_folder(
    copy_model: CopyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = unknown(copy_model, "sine-gru")
    (tmp_path / "service.py").write_text("raise SystemExit('somebody else')")
    shutil.copy(tmp_path / "service.py", tmp_path / "json.py")
    monkeypatch.chdir(tmp_path)
    assert Vetting("onnx").refusals([folder]) == {}


def test_a_card_that_cannot_be_read_is_refused_without_any_process(copy_model: CopyModel) -> None:
    folder = copy_model("sine-gru")
    (folder / "card.json").unlink()
    refused = Vetting("onnx", program=("-c", "")).refusals([folder])
    assert isinstance(refused[folder], ModelRejected)
    assert "card.json cannot be read" in refused[folder].detail
