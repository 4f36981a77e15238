"""Choice of the device: an accelerator when there is one."""

from __future__ import annotations

import torch
from torch import distributed


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
