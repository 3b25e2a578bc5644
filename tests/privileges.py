"""What somebody else may do with files, also where the tests run as root."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY = 65534


@contextmanager
def without_privileges() -> Iterator[None]:
    """Let the calling thread reach files as any user may.

    Only that thread, by ``setfsuid``: ``os.seteuid`` is of the whole process, whose servers write their logs meanwhile.
    """
    with _reaching_files_as(NOBODY):
        yield


@contextmanager
def as_owner() -> Iterator[None]:
    """Within :func:`without_privileges`, with those of the process again."""
    with _reaching_files_as(os.geteuid()):
        yield


@contextmanager
def _reaching_files_as(user: int) -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    set_user = ctypes.CDLL(None).setfsuid
    before = set_user(user)
    try:
        yield
    finally:
        set_user(before)
