"""Content-Encoding of request and answer: gzip, deflate and zstd, with a cap on what a body may grow to. Pure."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Sequence

from service.errors import BodyTooLarge, InvalidInput

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OFFERED = (b"gzip", b"deflate", b"zstd")
# What zlib calls the two forms; "deflate" means the zlib format (RFC 9110, 8.4.1.2).
_WINDOW = {b"gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
# Answers are numbers, which hardly shrink more at a higher level.
_LEVEL = 1
# A frame may ask its reader to keep so much of what went before; RFC 8878, 3.1.1.1.2, has everybody support 8 MiB.
_ZSTD_WINDOW = {int(zstd.DecompressionParameter.window_log_max): 23}

Headers = tuple[tuple[bytes, bytes], ...]


def decoded(encoding: bytes, body: bytes, limit: int) -> bytes:
    """``body`` without its ``encoding``, one of OFFERED or identity.

    Raises:
        BodyTooLarge: it grows beyond ``limit`` bytes; no more than that is ever held.
        InvalidInput: it is not in that encoding, or incomplete.
    """
    name = encoding.strip().lower()
    if name == b"identity":
        return body
    stream = zstd.ZstdDecompressor(options=_ZSTD_WINDOW) if name == b"zstd" else zlib.decompressobj(_WINDOW[name])
    try:
        plain = stream.decompress(body, limit + 1)
    except (zlib.error, zstd.ZstdError):
        raise _damaged() from None
    if len(plain) > limit:
        raise BodyTooLarge(f"expected a body of at most {limit} bytes when decompressed")
    if not stream.eof or stream.unused_data:
        raise _damaged()
    return plain


def encoded(accept: bytes | None, body: bytes, headers: Headers) -> tuple[bytes, Headers]:
    """``body`` in the encoding offered here that the Accept-Encoding header ``accept`` likes best."""
    headers = (*headers, (b"vary", b"accept-encoding"))
    name = chosen(accept or b"", OFFERED)
    if name is None:
        return body, headers
    headers = (*headers, (b"content-encoding", name))
    if name == b"zstd":
        return zstd.compress(body, _LEVEL), headers
    stream = zlib.compressobj(_LEVEL, wbits=_WINDOW[name])
    return stream.compress(body) + stream.flush(), headers


def chosen(accept: bytes, offered: Sequence[bytes]) -> bytes | None:
    """The coding of ``offered`` that the Accept-Encoding header ``accept`` weighs most, the first named of equals.

    None for none: it names none of them, refuses them, or would rather have the body as it is (RFC 9110, 12.5.3).
    """
    weights: dict[bytes, float] = {}
    for part in accept.lower().split(b","):
        name, *parameters = (each.strip() for each in part.split(b";"))
        weights[name] = min(map(_weight, parameters), default=1.0)
    of_others = weights.get(b"*", 0.0)
    found = [name for name in weights if name in offered] + [name for name in offered if name not in weights]
    best = max(found, key=lambda name: weights.get(name, of_others))
    weight = weights.get(best, of_others)
    return best if weight > 0 and weight >= weights.get(b"identity", 0.0) else None


def _weight(parameter: bytes) -> float:
    """A weight as it should be; nothing that is not one can be meant as a yes."""
    found = re.fullmatch(rb"q\s*=\s*(0(\.\d*)?|1(\.0*)?)", parameter)
    return float(found[1]) if found else 0.0


def _damaged() -> InvalidInput:
    return InvalidInput(
        "the body is not in the Content-Encoding that it claims, or incomplete", code="invalid_encoding"
    )
