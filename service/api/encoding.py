"""Content-Encoding of request and answer: gzip and deflate, with a cap on what a body may grow to. Pure."""

from __future__ import annotations

import zlib

from service.errors import BodyTooLarge, InvalidInput

OFFERED = frozenset({b"gzip", b"deflate"})
# What zlib calls the two forms; "deflate" means the zlib format (RFC 9110, 8.4.1.2).
_WINDOW = {b"gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
# Answers are numbers, which hardly shrink more at a higher level.
_LEVEL = 1

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
    stream = zlib.decompressobj(_WINDOW[name])
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error:
        raise _damaged() from None
    if len(plain) > limit:
        raise BodyTooLarge(f"expected a body of at most {limit} bytes when decompressed")
    if not stream.eof or stream.unused_data:
        raise _damaged()
    return plain


def encoded(accept: bytes | None, body: bytes, headers: Headers) -> tuple[bytes, Headers]:
    """``body`` in the first encoding that the Accept-Encoding header ``accept`` allows and that is offered here."""
    headers = (*headers, (b"vary", b"accept-encoding"))
    name = _chosen(accept or b"")
    if name is None:
        return body, headers
    stream = zlib.compressobj(_LEVEL, wbits=_WINDOW[name])
    return stream.compress(body) + stream.flush(), (*headers, (b"content-encoding", name))


def _chosen(accept: bytes) -> bytes | None:
    for part in accept.lower().split(b","):
        name, _, weight = part.partition(b";")
        refused = weight.replace(b" ", b"").rstrip(b".0") == b"q="
        if name.strip() in OFFERED and not refused:
            return name.strip()
    return None


def _damaged() -> InvalidInput:
    return InvalidInput(
        "the body is not in the Content-Encoding that it claims, or incomplete", code="invalid_encoding"
    )
