"""Brings a database to the newest schema before anything uses it, and refuses one that is damaged."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from service.errors import LogUnavailable, SettingsError
from service.request_log.database import (
    bears_several_writers,
    open_writer,
    parse_url,
    reason,
    sqlite_file,
    sqlite_module,
)
from service.request_log.tables import HEAD

_LOCK_KEY = 0x756E726F6C6C  # "unroll": one migration at a time on a shared PostgreSQL
_CHECK_STEPS = 1_000_000  # virtual-machine steps after which the check at start lets a large file pass
_DAMAGE = ("malformed", "not a database")  # SQLite's words for SQLITE_CORRUPT and SQLITE_NOTADB


def migrate(url: str, *, writers: int = 1, timeout: float = 5.0) -> None:
    """Upgrade to the newest schema; call it once, before the workers start. ``timeout`` in seconds.

    Raises :class:`SettingsError` for a database that must not be used (damaged, newer than this release, or an
    SQLite library that cannot bear that many ``writers``), :class:`LogUnavailable` when it cannot be reached.
    """
    parsed = parse_url(url)
    file = sqlite_file(parsed)
    if file is not None:
        _require_usable(file, writers)
    engine = open_writer(parsed, "power", timeout, create=True)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # A large log takes its time, on another machine too; only the wait for other programs is bounded.
                connection.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
                connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
            _upgrade(connection)
    except SQLAlchemyError as error:
        if file is not None and _is_damage(error):
            raise SettingsError(_damaged(file, reason(error))) from error
        raise LogUnavailable(f"the request log cannot be opened: {reason(error)}") from error
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> None:
    if inspect(connection).has_table("alembic_version"):
        version = str(connection.scalar(text("SELECT version_num FROM alembic_version")))
        if version == HEAD:
            return
        if version > HEAD:
            raise SettingsError(f"the request log has schema {version}, newer than this release's {HEAD}")
    # Here, because a start at the newest schema does without this tenth of a second.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "service.request_log:migrations")
    command.upgrade(config, "head")


def _require_usable(file: Path, writers: int) -> None:
    module = sqlite_module()
    if writers > 1 and not bears_several_writers(module.sqlite_version_info):
        raise SettingsError(
            f"SQLite {module.sqlite_version} can corrupt a database that several workers write: "
            "install pysqlite3, use PostgreSQL, or start one worker"
        )
    # Of a name that is too long a Path's own questions raise.
    if not os.path.isdir(file.parent):
        raise SettingsError(f"the request log cannot be made: there is no folder {file.parent}")
    is_new = not os.path.exists(file)
    try:
        # For its owner only; SQLite gives the files beside it the same rights.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        done = "made" if is_new else "written"
        raise SettingsError(f"the request log {file} cannot be {done}: {error.strerror}") from error
    if not os.access(file.parent, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise SettingsError(f"the request log {file} cannot be written: no WAL can be made in its folder {file.parent}")
    if is_new:
        return
    # Read-only: a damaged file must stay as it was found.
    with closing(module.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
        connection.set_progress_handler(lambda: 1, _CHECK_STEPS)
        try:
            finding = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        except module.OperationalError:  # interrupted, or locked by another program: no sign of damage
            return
        except module.DatabaseError as error:
            finding = str(error)
    if finding != "ok":
        raise SettingsError(_damaged(file, finding))


def _damaged(file: Path, finding: str) -> str:
    aside = file.with_name(file.name + ".damaged")
    kept = f"a copy as it was found is {aside}"
    try:
        if not aside.exists():
            for suffix in ("", "-wal"):
                source = file.with_name(file.name + suffix)
                if source.exists():
                    shutil.copy2(source, aside.with_name(aside.name + suffix))
    except OSError as error:
        kept = f"it was left as it is ({error.strerror})"
    return (
        f"the request log {file} is damaged ({finding.splitlines()[0]}); {kept}. "
        "Put a backup in its place, or move it away to start with an empty log"
    )


def _is_damage(error: SQLAlchemyError) -> bool:
    return any(words in reason(error) for words in _DAMAGE)
