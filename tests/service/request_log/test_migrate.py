from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from service.errors import LogUnavailable, SettingsError
from service.request_log import migrate as migrate_module
from service.request_log.database import bears_several_writers, open_writer, parse_url
from service.request_log.migrate import migrate
from service.request_log.tables import HEAD, metadata
from tests.privileges import as_owner, without_privileges
from tests.service.request_log.conftest import Execute, Lock


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "service.request_log:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_the_migrations_make_the_tables_that_the_code_names(url: str) -> None:
    engine = open_writer(parse_url(url), "power", 1)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_no_other_table_has_request_in_its_name() -> None:
    assert [name for name in metadata.tables if "request" in name] == ["requests"]


def test_a_start_at_the_newest_schema_does_not_import_alembic(url: str) -> None:
    code = f"import sys, service.request_log.migrate as m; m.migrate({url!r}); sys.exit('alembic' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_database_of_a_newer_release_is_refused(url: str, execute: Execute) -> None:
    execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SettingsError, match="newer"):
        migrate(url)


@pytest.mark.parametrize("damage", ["head", "middle", "truncated"])
def test_a_damaged_file_is_refused_left_alone_and_copied_aside(url: str, file: Path, damage: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany(
            "INSERT INTO uses VALUES ('m', '/predict', 200, ?, 1)", [(f"{n:036}",) for n in range(5000)]
        )
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    if damage == "truncated":
        del content[len(content) // 2 :]
    else:
        start = 0 if damage == "head" else len(content) // 2
        content[start : start + 4096] = b"\xff" * 4096
    file.write_bytes(content)
    with pytest.raises(SettingsError, match="damaged") as refused:
        migrate(url)
    assert str(file) in refused.value.detail
    assert file.read_bytes() == content
    assert file.with_name("unroll.db.damaged").read_bytes() == content


def test_a_large_file_is_not_checked_for_ever(url: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate_module, "_CHECK_STEPS", 1)
    migrate(url)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        migrate(f"sqlite:///{tmp_path / 'nowhere' / 'unroll.db'}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://host/x",
        "postgresql+psycopg2://host/x",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite+foo:///x",
    ],
)
def test_a_url_that_cannot_hold_a_log_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        parse_url(url)


def test_a_locked_database_is_unavailable_within_the_timeout(url: str, file: Path, lock: Lock) -> None:
    lock.take()
    with pytest.raises(LogUnavailable, match="locked"):
        migrate(url, timeout=0.1)


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_only_an_sqlite_without_the_wal_reset_bug_bears_several_writers(version: tuple[int, ...], safe: bool) -> None:
    assert bears_several_writers(version) is safe


def test_several_workers_on_a_vulnerable_sqlite_are_refused(
    url: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate_module, "bears_several_writers", lambda _version: False)
    migrate(url, writers=1)
    with pytest.raises(SettingsError, match="SQLite"):
        migrate(url, writers=2)


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder of somebody else's; meanwhile this test may do what anybody may."""
    folder = Path(tempfile.mkdtemp(prefix="unroll-", dir="/tmp"))
    folder.chmod(0o755)
    with without_privileges():
        yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_log_that_cannot_be_written_or_made_says_why(unprivileged: Path) -> None:
    log, new = unprivileged / "log.db", unprivileged / "new.db"
    with as_owner():
        migrate(f"sqlite:///{log}")
        log.chmod(0o444)
        unprivileged.chmod(0o555)
    with pytest.raises(SettingsError, match=r"log\.db cannot be written: Permission denied"):
        migrate(f"sqlite:///{log}")
    with pytest.raises(SettingsError, match=r"new\.db cannot be made: Permission denied"):
        migrate(f"sqlite:///{new}")
    with as_owner():
        log.chmod(0o666)
    with pytest.raises(SettingsError, match=f"no WAL can be made in its folder {unprivileged}"):
        migrate(f"sqlite:///{log}")
    with pytest.raises(SettingsError, match="Is a directory"):
        migrate(f"sqlite:///{unprivileged}")


@pytest.mark.parametrize(
    "url",
    ["", "secret", "sqlite:///a.db?mode=ro", "postgresql+psycopg://me:secret@host:port/log", "mysql://secret@host/log"],
)
def test_a_url_that_leads_to_no_log_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        migrate(url)
    assert "secret" not in refused.value.detail


@pytest.mark.parametrize(
    ("path", "message"), [("{}.db", "cannot be made: File name too long"), ("{}/a.db", "no folder")]
)
def test_a_name_that_is_too_long_is_refused_with_the_reason(path: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=message):
        migrate(f"sqlite:///{tmp_path / path.format('a' * 300)}")
