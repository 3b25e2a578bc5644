"""API keys: make them, keep their digests in a file, look them up. Knows no HTTP.

A key is ``unroll_<name>_<secret>``. The name is public (it is the client's id in the log); of the secret, 256 random
bits, the file holds a SHA-256 only, so that whoever reads the file cannot ask anything.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from stat import S_ISVTX, S_IWGRP, S_IWOTH
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from service.errors import KeysUnavailable, SettingsError

try:
    import fcntl
except ImportError:  # Windows: two commands at the same moment could lose one of their changes
    fcntl = None  # type: ignore[assignment]

_PREFIX = "unroll"
_NOBODY = hashlib.sha256(b"").hexdigest()  # compared with where no key has that name, to take the same time

log = logging.getLogger(__name__)


class Scope(StrEnum):
    """What a key may do: docs/access.md has each route. ``read`` covers the two before it, ``admin`` all."""

    metrics = "metrics"
    predict = "predict"
    read = "read"
    admin = "admin"


_COVERED = {
    Scope.metrics: {Scope.metrics},
    Scope.predict: {Scope.predict},
    Scope.read: {Scope.metrics, Scope.predict, Scope.read},
    Scope.admin: set(Scope),
}


class Key(BaseModel):
    """One key as the file keeps it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
    scope: Scope
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    created: AwareDatetime

    def allows(self, scope: Scope) -> bool:
        """Whether this key's scope covers ``scope``."""
        return scope in _COVERED[self.scope]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = 1
    keys: list[Key] = []


class KeyFile:
    """The keys in one file, read again whenever it changes: a key that is revoked there is refused at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: dict[str, Key] = {}

    def load(self) -> dict[str, Key]:
        """The keys by name.

        Raises:
            SettingsError: there is no such file, it does not hold keys, or others than its owner may write it.
        """
        try:
            stat = self._path.stat()
            self._require_one_writer(stat.st_mode)
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen != self._seen:
                found = _File.model_validate_json(self._path.read_bytes())
                self._keys, self._seen = {key.name: key for key in found.keys}, seen
        except OSError as error:
            raise SettingsError(
                f"the key file {self._path} cannot be read ({error.strerror}); make one with "
                f"python -m service key new --name NAME --scope predict --file {self._path}"
            ) from error
        except ValidationError as error:
            raise SettingsError(
                f"the key file {self._path} is damaged; it is written by python -m service key"
            ) from error
        return self._keys

    def find(self, token: bytes) -> Key | None:
        """The key that ``token`` is, in the same time whether a secret is nearly right or not at all.

        Raises:
            KeysUnavailable: the file cannot be read any more; nobody is let in.
        """
        try:
            keys = self.load()
        except SettingsError as error:
            log.error("%s", error.detail)  # noqa: TRY400  (the trace tells nothing)
            raise KeysUnavailable("the service cannot check API keys at the moment") from error
        name = token.split(b"_", 2)[1] if token.count(b"_") >= 2 else b""
        key = keys.get(name.decode("latin-1"))
        expected = (key.sha256 if key else _NOBODY).encode()
        matches = hmac.compare_digest(_digest(token).encode(), expected)
        return key if matches else None

    def add(self, name: str, scope: Scope) -> str:
        """A new key, which is nowhere kept in clear.

        Raises:
            SettingsError: the name is taken or not one, or the file cannot be used.
        """
        token = f"{_PREFIX}_{name}_{secrets.token_hex(32)}"
        try:
            key = Key(name=name, scope=scope, sha256=_digest(token.encode()), created=datetime.now(UTC))
        except ValidationError as error:
            raise SettingsError("a name has lower-case letters, digits, dots and dashes, 64 at the most") from error
        with self._changing() as keys:
            if name in keys:
                raise SettingsError(f"there is a key named {name}; revoke it first, or choose another name")
            keys[name] = key
        return token

    def revoke(self, name: str) -> None:
        """Forget the key of that name.

        Raises:
            SettingsError: there is none, or the file cannot be used.
        """
        with self._changing() as keys:
            if name not in keys:
                raise SettingsError(f"there is no key named {name}")
            del keys[name]

    def _require_one_writer(self, mode: int) -> None:
        """Whoever may write the file, or put another in its place, may let anybody in."""
        if os.name != "posix":
            return
        if mode & (S_IWGRP | S_IWOTH):
            raise SettingsError(f"the key file {self._path} may be written by others: chmod go-w {self._path}")
        folder = self._path.resolve().parent
        if folder.stat().st_mode & (S_IWOTH | S_ISVTX) == S_IWOTH:
            raise SettingsError(f"anybody may replace the key file {self._path}: chmod o-w {folder}")

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Key]]:
        """The keys, to be changed; written at the end. One command at a time, and no reader sees half a file.

        It is the file that a symbolic link leads to which changes: a service may know it by another path.
        """
        try:
            file = self._path.resolve()
            with file.with_name(f"{file.name}.lock").open("w") as lock:
                if fcntl is not None:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                keys = dict(self.load()) if self._path.exists() else {}
                yield keys
                _write(file, _File(keys=list(keys.values())))
        except OSError as error:
            raise SettingsError(f"the key file {self._path} cannot be written ({error.strerror})") from error


def _write(path: Path, content: _File) -> None:
    # Made readable for its owner only, by tempfile.
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        file.write(content.model_dump_json(indent=1).encode())
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def _digest(token: bytes) -> str:
    return hashlib.sha256(token).hexdigest()
