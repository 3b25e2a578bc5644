"""``python -m service backup`` and ``check`` on a real log."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.__main__ import main
from service.request_log.database import sqlite_module
from tests.conftest import MODELS
from tests.serving import in_thread


@pytest.fixture
def database(tmp_path: Path) -> str:
    """A log with one row, and one for each model that had a part in it."""
    url = f"sqlite:///{tmp_path / 'log.db'}"
    with in_thread(models_dir=MODELS, database_url=url) as client:
        client.post("/compare", json={"task": "linear", "sequence": [1.0, 2.0, 3.0]})
    return url


def test_a_backup_holds_every_row_and_is_sound(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.db"
    main(["backup", str(copy), "--database-url", database])
    assert f"wrote {copy}" in capsys.readouterr().out
    connection = sqlite_module().connect(copy)
    assert connection.execute("SELECT count(*) FROM requests").fetchone() == (1,)
    connection.close()
    main(["check", "--database-url", f"sqlite:///{copy}"])
    assert "sound" in capsys.readouterr().out


def test_a_backup_never_overwrites_a_file(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(SystemExit) as ended:
        main(["backup", str(tmp_path / "copy.db"), "--database-url", database])
    assert ended.value.code == 2
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_names_that_are_too_long_are_refused_in_a_sentence(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, message in (
        (["backup", str(tmp_path / ("a" * 300)), "--database-url", database], "the backup failed: [Errno"),
        (["check", "--database-url", f"sqlite:///{tmp_path}/{'a' * 300}"], "there is no request log"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
        assert message in capsys.readouterr().err


def test_a_log_with_strays_does_not_pass_the_check(database: str, tmp_path: Path) -> None:
    connection = sqlite_module().connect(tmp_path / "log.db")
    connection.execute("DELETE FROM requests")
    connection.commit()
    connection.close()
    with pytest.raises(SystemExit, match="belong to no request"):
        main(["check", "--database-url", database])
