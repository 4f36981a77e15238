"""Where to compute: an accelerator when there is one."""

from __future__ import annotations

import numpy as np
import torch

from datasets.dataset import Split
from pipelines.neural.training import Examples


def choose_device() -> torch.device:
    """CUDA, else Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def make_repeatable() -> None:
    """The same seed gives the same net again: fixed algorithms, and numbers below 1e-38 taken as zero (late in a
    training they are many, and a CPU is 40 times slower with them)."""
    torch.set_flush_denormal(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def to_examples(split: Split, n_classes: int, device: torch.device) -> Examples:
    """One uint8 tensor (n, channels, height, width) in the device's memory, and the labels."""
    images = torch.from_numpy(np.ascontiguousarray(split.images.transpose(0, 3, 1, 2)))
    return Examples(images.to(device), torch.from_numpy(split.labels).to(device), n_classes)
