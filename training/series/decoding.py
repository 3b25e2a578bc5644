"""The bytes of a file unpacked, and how they are encoded; what is neither text nor Parquet is named with its cure."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from training.series.panel import SeriesError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# Bytes that are decoded at a time.
_PIECE = 1 << 20
_PACKED: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\0": lzma.decompress,
    b"\x28\xb5\x2f\xfd": zstd.decompress,
}
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is the beginning of this one
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_OTHERS = {
    b"PK\x03\x04": "an Excel workbook or a zip archive: save the sheet as CSV (UTF-8), or unpack it",
    b"\xd0\xcf\x11\xe0": "an Excel workbook: save the sheet as CSV (UTF-8)",
}


def content(file: str, path: Path) -> bytes:
    """The bytes of a file, unpacked where it is gzip, bzip2, xz or zstd, by what it begins with.

    Raises:
        SeriesError: it cannot be read, or its end is missing.
    """
    try:
        data = path.read_bytes()
        unpack = next((each for magic, each in _PACKED.items() if data.startswith(magic)), None)
        return data if unpack is None else unpack(data)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zstd.ZstdError) as error:
        raise SeriesError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def encoding_of(file: str, data: bytes) -> str:
    """In what ``data`` is text throughout: UTF-8, or UTF-16 and UTF-32 with their byte order mark.

    Raises:
        SeriesError: it is in another encoding, or no text.
    """
    for magic, what in _OTHERS.items():
        if data.startswith(magic):
            raise SeriesError(f"{file} is {what}")
    encoding = next((each for mark, each in _BOMS.items() if data.startswith(mark)), "utf-8")
    if encoding == "utf-8" and data.count(0) > len(data) // 4:
        raise SeriesError(f"{file} is UTF-16 without a byte order mark, or no text: save it as UTF-8")
    try:
        for text in _pieces(data, encoding):
            if "\0" in text:
                found = data.decode(encoding)
                line = sum(1 for _ in io.StringIO(found[: found.index("\0") + 1], newline=""))
                raise SeriesError(f"line {line} of {file} has a NUL byte, and so is no text")
    except UnicodeDecodeError as error:
        found_at = _whole(data, encoding, error).start
        where = f"line {len(data[: found_at + 1].splitlines())} of {file}" if "8" in encoding else file
        raise SeriesError(
            f"{where} is not {encoding.removesuffix('-sig').upper()}: save it as UTF-8, or convert it, for example "
            "with iconv -f WINDOWS-1252 -t UTF-8"
        ) from error
    return encoding


def _pieces(data: bytes, encoding: str) -> Iterator[str]:
    """``data`` decoded piece by piece, so that its text is never there whole."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for first in range(0, len(data), _PIECE):
        yield decoder.decode(data[first : first + _PIECE], final=first + _PIECE >= len(data))


def _whole(data: bytes, encoding: str, error: UnicodeDecodeError) -> UnicodeDecodeError:
    """The error of all ``data``, whose place counts from the beginning."""
    try:
        data.decode(encoding)
    except UnicodeDecodeError as found:
        return found
    return error
