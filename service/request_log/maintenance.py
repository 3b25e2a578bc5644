"""Backup and integrity of the request log while it is in use. Knows no HTTP; both block for seconds on a large log."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import func, select

from service.errors import LogUnavailable, SettingsError
from service.request_log.database import failures_as_unavailable, open_reader, parse_url, sqlite_file, sqlite_module
from service.request_log.tables import (
    OF_SAME_VALUE,
    outcomes,
    requests,
    scores,
    stream_answers,
    stream_values,
    streams,
    uses,
)


def backup(url: str, target: Path) -> None:
    """Write a complete copy of an SQLite log to ``target``, which must not exist, while the service goes on.

    The copy is of one moment and appears under its name only when it is whole and on disk. Raises
    :class:`SettingsError` for PostgreSQL, a missing log or an existing target, :class:`LogUnavailable` on failure.
    """
    source = sqlite_file(parse_url(url))
    if source is None:
        raise SettingsError("PostgreSQL has its own backup: pg_dump")
    _require_file(source)
    if os.path.lexists(target):
        raise SettingsError(f"{target} exists already")
    module = sqlite_module()
    partial = target.with_name(target.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(module.connect(f"file:{quote(str(source))}?mode=ro", uri=True)) as connection:
            connection.execute("VACUUM INTO ?", (str(partial),))
        with partial.open("rb+") as copy:
            os.fsync(copy.fileno())
        partial.rename(target)
    except (module.Error, OSError) as error:
        with suppress(OSError):  # the failure that is told is the first
            partial.unlink(missing_ok=True)
        raise LogUnavailable(f"the backup failed: {error}") from error


def check(url: str) -> list[str]:
    """What is wrong with the log; nothing if it is sound.

    Raises :class:`SettingsError` for a missing file, :class:`LogUnavailable` when it cannot be read.
    """
    parsed = parse_url(url)
    file = sqlite_file(parsed)
    if file is not None:
        _require_file(file)
    engine = open_reader(parsed, 5.0)
    findings = []
    try:
        with failures_as_unavailable(), engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                lines = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
                findings += [line for line in lines if line != "ok"]
            for table in (uses, outcomes, scores):
                strays = select(func.count()).select_from(table).where(table.c.id.not_in(select(requests.c.id)))
                if count := connection.scalar(strays):
                    findings.append(f"{count} rows of {table.name} belong to no request")
            stray = select(func.count()).where(stream_values.c.stream.not_in(select(streams.c.id)))
            if count := connection.scalar(stray):
                findings.append(f"{count} values belong to no stream")
            both = (
                (stream_answers, stream_values, "answers belong to no value"),
                (stream_values, stream_answers, "values have no answer"),
            )
            for here, there, what in both:
                alone = here.outerjoin(there, OF_SAME_VALUE)
                stray = select(func.count()).select_from(alone).where(there.c.stream.is_(None))
                if count := connection.scalar(stray):
                    findings.append(f"{count} {what}")
    finally:
        engine.dispose()
    return findings


def _require_file(file: Path) -> None:
    if not os.path.isfile(file):  # a Path's own question raises where the name is too long
        raise SettingsError(f"there is no request log {file}")
