"""The peers are pinned, and a machine that cannot run one says so."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.peers.contestants import PEERS, Unavailable, contestants, interpreter, versions

FOLDER = Path(__file__).parents[2] / "benchmarks" / "peers"


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.folder)
def test_every_package_of_a_peer_is_pinned_and_no_index_is_named(peer: object) -> None:
    lines = (FOLDER / str(getattr(peer, "folder", "")) / "requirements.txt").read_text().splitlines()
    assert lines
    assert all("==" in line.partition(";")[0] for line in lines)
    assert not any(word in line for line in lines for word in ("://", "--index", "--find-links"))


def test_the_version_of_each_peer_is_the_pinned_one() -> None:
    assert set(versions()) == {"mlserver", "litserve", "bentoml", "nvidia-pytriton", "ray"}
    assert versions()["mlserver"].startswith("1.7")


def test_a_python_that_is_not_there_is_said_by_its_version() -> None:
    with pytest.raises(Unavailable, match=r"needs Python 2\.99"):
        interpreter("2.99", shared=False)


def test_a_peer_that_cannot_be_had_is_left_out_with_the_reason() -> None:
    mlserver = replace(PEERS[0], python="2.99", folder="nowhere")
    found, left_out = contestants([mlserver])
    assert found == []
    assert "needs Python 2.99" in left_out["nowhere"]


def test_a_python_that_is_there_is_found() -> None:
    major, minor = sys.version_info[:2]
    assert Path(interpreter(f"{major}.{minor}", shared=False)).is_file()
