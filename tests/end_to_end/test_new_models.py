"""A model folder that appears, changes or goes bad while requests come in."""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path

import httpx

from tests.conftest import CopyModel
from tests.serving import in_thread

SERIES = [1.0, 2.0, 4.0, 7.0, 11.0]
SECONDS = 60


def test_new_versions_are_picked_up_with_no_failed_request(tmp_path: Path, copy_model: CopyModel) -> None:
    folder = copy_model("sine-gru").parent
    url = f"sqlite:///{tmp_path}/log.db"
    with in_thread(
        models_dir=folder.parent, database_url=url, log_durability="process", models_poll_seconds=0.05
    ) as client:
        asking = Asking(client)
        try:
            asking.wait_for("1")
            add_version(folder, "2")
            asking.wait_for("2")
            damaged = add_version(folder, "3", damaged=True)
            wait_until_refused(client, "sine-gru/3")
            shutil.copy(folder / "1" / "model.onnx", damaged / "model.onnx")
            asking.wait_for("3")
            shutil.rmtree(damaged)
            asking.wait_for("2")
        finally:
            asking.stop()
        assert asking.statuses == {httpx.codes.OK}


class Asking:
    """One client that asks on and on, and remembers what it got."""

    def __init__(self, client: httpx.Client) -> None:
        self.statuses: set[int] = set()
        self._url, self._version, self._ends = client.base_url, "", False
        self._answered = threading.Condition()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def wait_for(self, version: str) -> None:
        with self._answered:
            assert self._answered.wait_for(lambda: self._version == version, SECONDS), self.statuses

    def stop(self) -> None:
        self._ends = True
        self._thread.join()

    def _ask(self) -> None:
        with httpx.Client(base_url=self._url, timeout=60) as client:
            while not self._ends:
                answer = client.post("/predict", json={"model": "sine-gru", "sequence": SERIES})
                with self._answered:
                    self.statuses.add(answer.status_code)
                    self._version = answer.json().get("version", "")
                    self._answered.notify_all()


def add_version(folder: Path, version: str, *, damaged: bool = False) -> Path:
    """Written under another name and renamed, as training does."""
    making = folder / f".{version}"
    shutil.copytree(folder / "1", making)
    card = json.loads((making / "card.json").read_text())
    (making / "card.json").write_text(json.dumps({**card, "version": version}))
    if damaged:
        (making / "model.onnx").write_bytes(b"no network")
    return making.rename(folder / version)


def wait_until_refused(client: httpx.Client, reference: str) -> None:
    deadline = time.monotonic() + SECONDS
    while reference not in client.get("/health/ready").json()["refused"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)  # between two looks
