"""Model folders on disk: which there are, the bytes of one, checked, and how one is replaced. Knows no networks.

What is read is of bounded size and there at once: a folder may have come from anywhere, and its card vouches only for
itself.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from service.cards import CARD, GOLDEN, KERAS, MODEL_FILES, ONNX, PLOTS, Golden, ModelCard, defect_of, sha256
from service.errors import ModelRejected

_MIB = 1024 * 1024
# A hundred times what the largest published model has, and little enough to be read at once.
MOST_BYTES = {
    KERAS: 32 * _MIB,
    ONNX: 32 * _MIB,
    GOLDEN: _MIB,
    CARD: 4 * _MIB,
    **dict.fromkeys(PLOTS.values(), 4 * _MIB),
}
# A pipe is opened without waiting for its other end, and a link not at all (Windows has neither flag).
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder whose files are all there and have the digests that its card states.

    ``onnx``, ``keras`` and ``plots`` hold the very bytes that were checked, so that nothing can change between
    check and use. ``digest`` is that of the card, and so vouches for every file of the folder. ``keras`` is None where
    the folder has no such file: it is not needed to answer.
    """

    path: Path
    card: ModelCard
    digest: str
    golden: Golden
    onnx: bytes
    keras: bytes | None
    plots: dict[str, bytes]


def reference_of(path: Path) -> str:
    """``name/version`` of a model folder, whatever it is called, on one line."""
    return f"{plain(path.parent.name)}/{plain(path.name)}"


def plain(text: str) -> str:
    """``text`` that somebody else chose, short and safe to be shown on one line."""
    return ascii(text[:100])[1:-1]


def read_folder(path: Path) -> ModelFolder:
    """Read and check ``models/<name>/<version>``. Intervals that cannot be right are taken out of the card.

    Raises:
        ModelRejected: a file is missing, unreadable or not a regular file of some megabytes at most, the card does
            not hold to the contract or names another model than its folder, or a digest differs.
    """
    card, digest = read_described(path)
    contents = {name: _checked_bytes(path, name, card) for name in MODEL_FILES}
    plots = {plot: contents[name] or b"" for plot, name in PLOTS.items()}
    golden = _golden_of(contents[GOLDEN], path)
    return ModelFolder(path, card, digest, golden, contents[ONNX] or b"", contents[KERAS], plots)


def read_described(path: Path) -> tuple[ModelCard, str]:
    """The card of ``models/<name>/<version>`` alone, and its digest; raises as :func:`read_folder` does."""
    where = reference_of(path)
    data = read_card(path)
    try:
        card = ModelCard.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = plain(".".join(str(part) for part in first["loc"])) or "document"
        raise ModelRejected(f"{where}: {CARD} breaks the contract at {place}: {plain(first['msg'])}") from error
    if (card.name, card.version) != (path.parent.name, path.name):
        raise ModelRejected(f"{where}: the card is that of {card.name}/{card.version}")
    if card.intervals is not None and (defect := defect_of(card.intervals.quantiles)) is not None:
        card = card.model_copy(update={"intervals": None, "no_intervals": defect})
    return card, sha256(data)


def read_golden(path: Path, card: ModelCard) -> Golden:
    """The golden answers of a folder with that ``card`` alone; raises as :func:`read_folder` does."""
    return _golden_of(_checked_bytes(path, GOLDEN, card), path)


def _golden_of(content: bytes | None, path: Path) -> Golden:
    try:
        return Golden.model_validate_json(content or b"")
    except ValidationError as error:
        raise ModelRejected(
            f"{reference_of(path)}: {GOLDEN} breaks the contract ({error.error_count()} errors)"
        ) from error


def read_card(path: Path) -> bytes:
    """The bytes of a model folder's card, unchecked; raises ModelRejected."""
    try:
        return read_regular(path / CARD, MOST_BYTES[CARD])
    except OSError as error:
        raise ModelRejected(f"{reference_of(path)}: {CARD} cannot be read ({error.strerror})") from error


def _checked_bytes(path: Path, name: str, card: ModelCard) -> bytes | None:
    """What the card was written for; None for a Keras file that is not there."""
    where = reference_of(path)
    if name not in card.checksums:
        if name == KERAS:  # what was made without Keras has none
            return None
        raise ModelRejected(f"{where}: the card states no checksum for {name}")
    try:
        data = read_regular(path / name, MOST_BYTES[name])
    except OSError as error:
        if name == KERAS and isinstance(error, FileNotFoundError):
            return None
        raise ModelRejected(f"{where}: {name} cannot be read ({error.strerror})") from error
    if sha256(data) != card.checksums[name]:
        raise ModelRejected(f"{where}: {name} is not the file that its card was written for (checksum differs)")
    return data


def read_regular(path: Path, most: int) -> bytes:
    """The bytes of a regular file, which nobody waits for: no pipe, device or link, and not larger than ``most``.

    Raises:
        OSError: it cannot be read, or is none; ``strerror`` says why.
    """
    with open(os.open(path, os.O_RDONLY | _AT_ONCE), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"more than {most:,} bytes")
    return data


_FOLDER_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_VERSION_NAME = re.compile(r"[1-9][0-9]{0,8}")


def model_folders(source: Path) -> tuple[list[Path], dict[Path, str]]:
    """Every ``<name>/<version>`` of ``source``; and why others cannot be one, each reason with its name before it.

    Hidden folders, and those whose name does not begin like a version, are somebody else's. A ``source`` that is not
    there has none: it may come.
    """
    found: list[Path] = []
    refused: dict[Path, str] = {}
    try:
        names = sorted(os.listdir(source))
    except FileNotFoundError:
        return [], {}
    except OSError as error:
        return [], {source: f"{plain(os.fspath(source))}: the folder cannot be read ({error.strerror})"}
    for name in names:
        folder = source / name
        if name.startswith("."):
            continue
        try:
            versions = _versions(folder)
        except OSError as error:
            refused[folder] = f"{plain(name)}: the folder cannot be read ({error.strerror})"
            continue
        for path in versions:
            if wrong := _wrong_name(path):
                refused[path] = f"{reference_of(path)}: {wrong}"
            else:
                found.append(path)
    return found, refused


def _versions(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if entry.name[0] in "0123456789" and _is_folder(entry)]
    except (NotADirectoryError, FileNotFoundError):  # a file beside the folders, or gone meanwhile
        return []
    return sorted(folder / entry.name for entry in found)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link into where nobody may look: reading it will say so
        return True


def is_name(text: str) -> bool:
    """Whether a model's folder may be called so."""
    return bool(_FOLDER_NAME.fullmatch(text))


def _wrong_name(path: Path) -> str | None:
    if not is_name(path.parent.name):
        return "a model's folder is named by at most 100 of a-z, 0-9 and -"
    if not _VERSION_NAME.fullmatch(path.name):
        return "a version's folder is named by a whole number of at most 9 digits, the first not 0"
    return None


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """An empty folder that becomes ``target`` when the block ends well, and vanishes when it does not.

    So do the folders above it that were made for it.
    """
    above = [each for each in target.parents if not each.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    staged.chmod(0o755)
    try:
        yield staged
        if target.exists():
            # A folder cannot be renamed onto a full one, so the old one steps aside first.
            aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
            os.replace(target, aside / "old")
            os.replace(staged, target)
            shutil.rmtree(aside)
        else:
            os.replace(staged, target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
        for each in above:
            with suppress(OSError):  # it is in use
                each.rmdir()
