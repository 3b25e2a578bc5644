"""The key file: what it holds, and how it changes."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.__main__ import main
from service.errors import KeysUnavailable, SettingsError
from service.keys import KeyFile


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def test_a_new_key_is_found_and_the_file_holds_no_secret(file: Path) -> None:
    token = KeyFile(file).add("ada", "read")
    found = KeyFile(file).find(token.encode())
    assert found is not None
    assert (found.name, found.scope) == ("ada", "read")
    assert token.rpartition("_")[2] not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_secrets_differ_and_are_long(file: Path) -> None:
    first, second = (KeyFile(file).add(name, "predict").rpartition("_")[2] for name in ("a", "b"))
    assert first != second
    assert len(first) >= 40


@pytest.mark.parametrize(
    "token", [b"", b"_", b"unroll_ada_", b"unroll_ada_wrong", b"unroll_eve_x", b"\xff\xfe_\xff_\x00", b"a" * 10_000]
)
def test_anything_else_is_nobody(file: Path, token: bytes) -> None:
    keys = KeyFile(file)
    keys.add("ada", "admin")
    assert keys.find(token) is None


def test_a_secret_opens_nothing_under_another_name(file: Path) -> None:
    keys = KeyFile(file)
    token = keys.add("ada", "admin")
    keys.add("bob", "predict")
    assert keys.find(token.replace("ada", "bob").encode()) is None


def test_a_revoked_key_is_refused_by_who_read_the_file_before(file: Path) -> None:
    serving, tending = KeyFile(file), KeyFile(file)
    token = tending.add("ada", "predict").encode()
    assert serving.find(token) is not None
    tending.revoke("ada")
    assert serving.find(token) is None


def test_a_name_is_given_once(file: Path) -> None:
    KeyFile(file).add("ada", "predict")
    with pytest.raises(SettingsError, match="there is a key named ada"):
        KeyFile(file).add("ada", "admin")


@pytest.mark.parametrize("name", ["", "Ada", "a_b", "a b", "a" * 65, "../x", "é"])
def test_a_name_that_could_be_misread_is_refused(file: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="lower-case letters"):
        KeyFile(file).add(name, "predict")


def test_revoking_nobody_says_so(file: Path) -> None:
    with pytest.raises(SettingsError, match="no key named ada"):
        KeyFile(file).revoke("ada")


@pytest.mark.parametrize("content", [b"", b"{", b'{"keys": [{"name": "x"}]}', b'{"format": 2, "keys": []}'])
def test_a_damaged_file_lets_nobody_in_and_is_not_overwritten(file: Path, content: bytes) -> None:
    keys = KeyFile(file)
    token = keys.add("ada", "predict").encode()
    file.write_bytes(content)
    with pytest.raises(KeysUnavailable):
        keys.find(token)
    with pytest.raises(SettingsError, match="damaged"):
        keys.add("bob", "predict")
    assert file.read_bytes() == content


def test_keys_made_at_the_same_moment_are_all_kept(file: Path) -> None:
    names = [f"client-{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: KeyFile(file).add(name, "predict"), names))
    assert KeyFile(file).load().keys() == set(names)


def test_the_command_line_makes_lists_and_revokes(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["key", "new", "--name", "ada", "--scope", "predict", "--file", str(file)])
    token = capsys.readouterr().out.strip()
    assert KeyFile(file).find(token.encode())
    main(["key", "list", "--file", str(file)])
    assert capsys.readouterr().out.startswith("ada\tpredict\t")
    main(["key", "revoke", "ada", "--file", str(file)])
    assert json.loads(file.read_text())["keys"] == []


def test_the_command_line_asks_for_a_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("UNROLL_API_KEYS_FILE", raising=False)
    with pytest.raises(SystemExit, match="2"):
        main(["key", "list"])
    assert "UNROLL_API_KEYS_FILE" in capsys.readouterr().err


def test_a_key_that_is_revoked_through_a_link_is_revoked_for_who_knows_the_file(file: Path, tmp_path: Path) -> None:
    serving = KeyFile(file)
    token = serving.add("ada", "predict").encode()
    link = tmp_path / "elsewhere" / "link.json"
    link.parent.mkdir()
    link.symlink_to(file)
    assert serving.find(token) is not None
    KeyFile(link).revoke("ada")
    assert serving.find(token) is None
    assert link.is_symlink()


def test_a_key_that_is_made_through_a_link_is_known_to_who_serves_the_file(file: Path, tmp_path: Path) -> None:
    KeyFile(file).add("ada", "predict")
    link = tmp_path / "link.json"
    link.symlink_to(file)
    assert KeyFile(file).find(KeyFile(link).add("bob", "read").encode()) is not None


@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602, 0o777])
def test_a_file_that_others_may_write_lets_nobody_in(file: Path, mode: int) -> None:
    keys = KeyFile(file)
    token = keys.add("ada", "predict").encode()
    file.chmod(mode)
    with pytest.raises(SettingsError, match="chmod go-w"):
        KeyFile(file).load()
    with pytest.raises(KeysUnavailable):
        keys.find(token)
    file.chmod(0o640)
    assert keys.find(token) is not None


def test_a_file_that_anybody_could_replace_lets_nobody_in(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    KeyFile(folder / "keys.json").add("ada", "predict")
    folder.chmod(0o777)
    with pytest.raises(SettingsError, match="chmod o-w"):
        KeyFile(folder / "keys.json").load()
    folder.chmod(0o1777)  # sticky, as /tmp is: only its owner replaces the file
    assert KeyFile(folder / "keys.json").load()
