"""Where input and output lie: paths and URIs as pyarrow reads them, and files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import fs

from service.errors import SettingsError
from service.printable import printable

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_CSV, _PARQUET = (".csv", ".tsv", ".txt"), (".parquet", ".pq")
_COMPRESSED = (".gz", ".zst", ".bz2", ".xz", ".zip")
_UNFINISHED = ".unfinished-"
_SHOWN = 200


def located(place: str) -> tuple[Any, str]:
    """The file system of a path or URI, and the path there.

    Raises:
        SettingsError: no such kind of place, or it cannot be reached.
    """
    try:
        if "://" in place:
            found: tuple[Any, str] = fs.FileSystem.from_uri(place)
            return found
    except (OSError, pa.ArrowException) as error:
        raise SettingsError(f"{shown(place)} cannot be reached: {printable(str(error), _SHOWN)}") from error
    return fs.LocalFileSystem(), str(Path(place).absolute())


def listed(place: str) -> tuple[str, ...]:
    """The file that ``place`` is, or the Parquet or CSV files anywhere below it, by name; hidden ones are not read.

    Raises:
        SettingsError: there is none, or there are both kinds.
    """
    system, path = located(place)
    try:
        what = system.get_file_info(path)
        if what.type == fs.FileType.File:
            return (place,)
        if what.type == fs.FileType.NotFound:
            raise SettingsError(f"{shown(place)} is not there")
        below = system.get_file_info(fs.FileSelector(path, recursive=True))
    except (OSError, pa.ArrowException) as error:
        raise SettingsError(f"{shown(place)} cannot be read: {printable(str(error), _SHOWN)}") from error
    names = [each.path[len(path) :].lstrip("/") for each in below if each.type == fs.FileType.File]
    names = sorted(each for each in names if not any(step[0] in "._" for step in each.split("/")))
    wanted = [each for each in names if is_csv(each) or each.lower().endswith(_PARQUET)]
    if not wanted:
        raise SettingsError(f"{shown(place)} has no .parquet and no .csv file")
    if len({is_csv(each) for each in wanted}) > 1:
        raise SettingsError(f"{shown(place)} has both Parquet and CSV files: name a folder of one kind")
    return tuple(f"{place.rstrip('/')}/{each}" for each in wanted)


def is_csv(file: str) -> bool:
    """Whether a file is text, by the end of its name."""
    plain = file.lower()
    for each in _COMPRESSED:
        plain = plain.removesuffix(each)
    return plain.endswith(_CSV)


def shown(place: str) -> str:
    """A path or URI for a message, on one line."""
    return printable(place, _SHOWN)


def name(file: str) -> str:
    """The last part of a path or URI for a message, on one line."""
    return shown(file.rstrip("/").rpartition("/")[2])


def write_whole(place: str, write: Callable[[Any], None]) -> None:
    """Let ``write`` fill a stream that becomes the file ``place`` in one step, in place of what was there.

    On this machine's disks that is another name, synced and renamed. Object stores show an object when it is closed.

    Raises:
        OSError: it cannot be written.
    """
    system, path = located(place)
    if not isinstance(system, fs.LocalFileSystem):
        with system.open_output_stream(path) as stream:
            write(stream)
        return
    folder, _, last = path.rpartition("/")
    os.makedirs(folder, exist_ok=True)
    unfinished = f"{folder}/{_UNFINISHED}{secrets.token_hex(4)}-{last}"
    try:
        with open(unfinished, "xb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
    at = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(at)
    finally:
        os.close(at)


def read_whole(place: str) -> bytes | None:
    """The bytes of a small file; None where it is not there."""
    system, path = located(place)
    if system.get_file_info(path).type != fs.FileType.File:
        return None
    with system.open_input_stream(path) as stream:
        data: bytes = stream.read()
    return data


def names_in(place: str) -> set[str]:
    """The names of the files in a folder; none where it is not there."""
    system, path = located(place)
    found = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
    return {each.base_name for each in found if each.type == fs.FileType.File}


@contextmanager
def held(place: str) -> Iterator[None]:
    """Within, no other run writes into a folder of this machine's; of stores elsewhere nobody is kept out.

    Raises:
        SettingsError: another run does, or it is a file.
    """
    system, path = located(place)
    if fcntl is None or not isinstance(system, fs.LocalFileSystem):
        yield
        return
    if os.path.lexists(path) and not os.path.isdir(path):
        raise SettingsError(f"{shown(place)} is a file: name a folder for what comes out")
    os.makedirs(path, exist_ok=True)
    at = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(at, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(f"another run writes into {shown(place)}: wait until it ends") from error
        yield
    finally:
        os.close(at)


def remove_unfinished(place: str) -> None:
    """Delete what killed processes had begun to write in a folder of this machine's."""
    system, path = located(place)
    if isinstance(system, fs.LocalFileSystem):
        for each in Path(path).glob(f"{_UNFINISHED}*"):
            each.unlink(missing_ok=True)
