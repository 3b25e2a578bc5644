"""What ``python -m service`` says when it is told something that it cannot do."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from pydantic_core import ErrorDetails

from service import DISTRIBUTION
from service.__main__ import in_words, main
from service.settings import Settings


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "99999"], "--port: '99999': "),
        (["--port", "abc"], "--port: 'abc': "),
        (["--workers", "0"], "--workers: "),
        (["--no-such-flag", "1"], "--no-such-flag"),
        (["--models-dir", "/no/such/folder"], "--models-dir: '/no/such/folder': no folder"),
        (["--models-dir", "/no/such/folder"], "no folder that can be read (No such file or directory)"),
        (["--models-dir", __file__], "no folder that can be read (Not a directory)"),
        (["--drain-seconds", "inf"], "--drain-seconds: 'inf': Input should be a finite number"),
        (["--drain-seconds=nan"], "--drain-seconds: 'nan': Input should be a finite number"),
        (["--log-keep-days", "inf"], "--log-keep-days: 'inf': "),
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


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("UNROLL_PORT", "abc", "UNROLL_PORT: 'abc': Input should be a valid integer"),
        ("unroll_port", "tcp://10.0.0.1:8000", "UNROLL_PORT: 'tcp://10.0.0.1:8000': "),  # a variable of Kubernetes
        ("UNROLL_DRAIN_SECONDS", "1e999", "UNROLL_DRAIN_SECONDS: '1e999': "),
        ("UNROLL_LOG_BODIES", "some\nforged line", "UNROLL_LOG_BODIES: 'some\\nforged line': "),
        ("UNROLL_MODELS_DIR", "/no/such/folder", "UNROLL_MODELS_DIR: '/no/such/folder': "),
        ("UNROLL_ROOT_PATH", "x" * 100_000, "UNROLL_ROOT_PATH: 'xxx"),
    ],
)
@pytest.mark.parametrize("command", [[], ["check"], ["key", "list"], ["openapi"]])
def test_a_bad_variable_is_named_with_its_value(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    variable: str,
    value: str,
    said: str,
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(said)
    assert len(line) < 400


def test_a_flag_goes_before_a_bad_variable(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("UNROLL_PORT", "abc")
    with pytest.raises(SystemExit):
        main(["--port", "99999"])
    assert capsys.readouterr().err.startswith("--port: '99999': ")


@pytest.mark.parametrize("name", ["database_url", "quota_url"])
def test_a_value_that_may_hold_a_password_is_never_shown(name: str) -> None:
    problem = ErrorDetails(type="x", loc=(name,), msg="wrong", input="redis://:secret@host", ctx={})
    flag = f"--{name.replace('_', '-')}"
    assert in_words(problem, [flag, "redis://:secret@host"]) == f"{flag}: wrong"
    assert "secret" not in repr(Settings.model_validate({name: "redis://:secret@host"}))


@pytest.mark.parametrize("arguments", [["--version"], ["--port", "0", "--version"], ["check", "--version"]])
def test_the_version_is_told_and_nothing_is_started(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    main(arguments)
    assert capsys.readouterr().out == f"unroll {version(DISTRIBUTION)}\n"
