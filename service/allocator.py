"""Makes the C library give back the memory that requests took. Knows nothing of what is computed.

glibc opens an arena for nearly every thread, and each keeps what the dearest requests of its thread took; and whoever
frees one large block makes it keep blocks up to that size, of 32 MB, for later. What threads that take turns at dear
work hold then adds up to several times what any moment needs. mallopt(3).

One sequence of 250,000 values takes half as long again, since its arrays are new pages each time; what is shorter
takes what it took.
"""

from __future__ import annotations

import ctypes
import os
import platform

# From malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_MIB = 1024 * 1024
_BOUNDS = (
    # One for the event loop, one for everybody else. Computing holds the interpreter or works on arrays that it has.
    ("MALLOC_ARENA_MAX", _M_ARENA_MAX, 2),
    # Blocks from here on go back when they are freed. Nearly all arrays of a batch are smaller, a general model's too:
    # with 1 MiB, new pages took two fifths of the time of 1,000 series of 200 values; with 8 MiB a seventh.
    ("MALLOC_MMAP_THRESHOLD_", _M_MMAP_THRESHOLD, 8 * _MIB),
    # So much may lie free at the end of an arena: less would be fetched again for every batch.
    ("MALLOC_TRIM_THRESHOLD_", _M_TRIM_THRESHOLD, 8 * _MIB),
)


def bound() -> None:
    """Bound what this process keeps, before it has threads; where the C library is another, nothing happens.

    What the environment says by glibc's own variables counts.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    for name, parameter, value in _BOUNDS:
        if name not in os.environ:
            mallopt(parameter, value)
