"""Threads of one process share few arenas, and a large block that is freed goes back."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas to bound")

THREADS = 8
# Every thread holds a small block while the others take theirs; then a large one is freed twice: the first time tells
# glibc that such blocks come again.
PROGRAM = f"""
import ctypes, sys, threading
from service import allocator
if sys.argv[1] == "bound":
    allocator.bound()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
together = threading.Barrier({THREADS})

def work():
    together.wait()
    libc.malloc(4000)
    together.wait()

threads = [threading.Thread(target=work) for _ in range({THREADS})]
for thread in threads: thread.start()
for thread in threads: thread.join()

class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
        "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]

libc.mallinfo2.restype = Mallinfo
before = libc.mallinfo2().hblks
libc.free(libc.malloc(8 << 20))
again = libc.malloc(8 << 20)
print(libc.mallinfo2().hblks - before, flush=True)  # blocks that go back when they are freed
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


def run(how: str, **environment: str) -> tuple[int, int]:
    """Blocks that go back at once, and arenas."""
    variables = {**os.environ, **environment}
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True, env=variables
    )
    blocks, _, arenas = told.stdout.partition("\n")
    return int(blocks), arenas.count("<heap nr=")


def test_threads_share_two_arenas_and_large_blocks_go_back() -> None:
    kept, many = run("unbound")
    assert (kept, many > 2) == (0, True), "nothing to bound on this machine"
    assert run("bound") == (1, 2)


def test_what_the_environment_says_of_arenas_counts() -> None:
    _, arenas = run("bound", MALLOC_ARENA_MAX="1")
    assert arenas == 1
