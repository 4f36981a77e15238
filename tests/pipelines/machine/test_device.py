from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from bakeoff.datasets.dataset import Split
from bakeoff.pipelines.machine.device import freed_memory_kept, to_examples

on_glibc = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"), reason="only glibc can be asked"
)


def resident_megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@on_glibc
def test_freed_memory_stays_inside_the_block_and_goes_back_after_it():
    before = resident_megabytes()
    with freed_memory_kept():
        torch.ones(60_000_000)  # 229 MB, freed at once
        assert resident_megabytes() - before > 200
    assert resident_megabytes() - before < 50


@pytest.mark.parametrize("n_channels", [1, 3])
def test_examples_are_a_copy_of_pictures_that_cannot_be_written_to(n_channels):
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 6, n_channels), dtype=np.uint8)
    images.flags.writeable = False
    examples = to_examples(Split(images, np.arange(5)), 5, torch.device("cpu"))
    np.testing.assert_array_equal(examples.images.numpy(), images.transpose(0, 3, 1, 2))
    assert not np.shares_memory(examples.images.numpy(), images)
