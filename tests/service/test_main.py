"""What ``python -m service`` says when it is told something that it cannot do."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "99999"], "--port: "),
        (["--port", "abc"], "--port: "),
        (["--workers", "0"], "--workers: "),
        (["--no-such-flag", "1"], "--no-such-flag"),
        (["--models-dir", "/no/such/folder"], "--models-dir: "),
        (["--port", "0", "--database-url", "nonsense"], "the database URL is not one"),
        (["--port", "0", "--database-url", "sqlite:////no/such/folder/unroll.db"], "/no/such/folder"),
        (["--port", "0", "--database-url", "mysql://user:secret@host/base"], "SQLite or PostgreSQL"),
        (["--log-durability", "maybe"], "--log-durability: "),
        (["--host", "300.1.1.1"], "300.1.1.1"),
        (["serve"], "serve"),
    ],
)
def test_a_setting_that_cannot_be_is_said_clearly_and_ends_with_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    output = capsys.readouterr()
    assert ended.value.code == 2
    assert said in output.err
    assert "secret" not in output.err
    assert output.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_bad_variable_is_said_like_a_bad_flag(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNROLL_PORT", "abc")
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("--port: ")
