"""Where to compute: an accelerator when there is one."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import distributed

from bakeoff.datasets.dataset import Split
from bakeoff.pipelines.neural.training.examples import Examples

# mallopt's parameters, from glibc's malloc.h: when memory goes back to the system, how much is asked for at a time, and
# how many blocks may be mapped on their own.
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
KEEPING = {MMAP_MAX: 0, TRIM_THRESHOLD: 2**31 - 1, TOP_PAD: 2**26}
GLIBC_DEFAULTS = {MMAP_MAX: 2**16, TRIM_THRESHOLD: 2**17, TOP_PAD: 0}


def choose_device() -> torch.device:
    """CUDA, else Apple's MPS, else the CPU; the CPU too for processes that talk over gloo."""
    if distributed.is_initialized() and distributed.get_backend() == "gloo":
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def make_repeatable() -> None:
    """The same seed gives the same net again: fixed algorithms, and numbers below 1e-38 taken as zero (late in a
    training they are many, and a CPU is 40 times slower with them)."""
    torch.set_flush_denormal(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Inside the block this process reuses the memory that a training step frees, instead of giving it back at once.

    Each step allocates the same hundreds of megabytes again, and the system clears every page it hands out: a quarter
    of a convolutional net's step. Afterwards all of it goes back. Only glibc is asked; elsewhere nothing happens.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        yield
        return
    try:
        for option, value in KEEPING.items():
            library.mallopt(option, value)
        yield
    finally:
        for option, value in GLIBC_DEFAULTS.items():
            library.mallopt(option, value)
        library.malloc_trim(0)


def to_examples(split: Split, n_classes: int, device: torch.device) -> Examples:
    """One uint8 tensor (n, channels, height, width) in the device's memory, and the labels."""
    images = torch.from_numpy(np.array(split.images.transpose(0, 3, 1, 2), order="C"))  # a copy, also of gray pictures
    return Examples(images.to(device), torch.from_numpy(split.labels).to(device), n_classes)
