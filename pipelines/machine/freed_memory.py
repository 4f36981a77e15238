"""Memory that a process frees and asks for again and again: kept by it for a while (glibc)."""

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# mallopt's parameters, from glibc's malloc.h: when memory goes back to the system, how much is asked for at a time, and
# from what size and how many blocks may be mapped on their own.
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, MMAP_MAX = -1, -2, -3, -4
KEEPING = {MMAP_MAX: 0, TRIM_THRESHOLD: 2**31 - 1, TOP_PAD: 2**26}
# What glibc adapts to by itself as large blocks are freed, which it no longer does once it was asked for anything: its
# first values would have all that comes later clear its pages again and again (reading pictures took a half longer).
AFTERWARDS = {MMAP_MAX: 2**16, MMAP_THRESHOLD: 2**25, TRIM_THRESHOLD: 2**26, TOP_PAD: 0}
LOCK, n_inside = threading.Lock(), 0


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Inside the block this process reuses the memory that it frees, instead of giving it back at once.

    Each training step, each batch of pictures allocates the same megabytes again, and the system clears every page it
    hands out: a quarter of a convolutional net's step, half of HOG on a worker of Dask, which is told to give it back
    sooner. Afterwards all of it goes. Only glibc is asked; elsewhere nothing happens.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is None or not hasattr(library, "mallopt"):
        yield
        return
    _enter(library, 1)
    try:
        yield
    finally:
        _enter(library, -1)


def _enter(library: ctypes.CDLL, step: int) -> None:
    """One more thread in such a block, or one less: the first asks, and the last gives back."""
    global n_inside
    with LOCK:
        n_inside += step
        if n_inside == max(step, 0):
            for option, value in (KEEPING if step > 0 else AFTERWARDS).items():
                library.mallopt(option, value)
            if step < 0:
                library.malloc_trim(0)
