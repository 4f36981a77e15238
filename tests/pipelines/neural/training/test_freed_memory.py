from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import pytest
import torch

from bakeoff.pipelines.neural.training.loop import freed_memory_kept

on_glibc = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"), reason="only glibc can be asked"
)


def resident_megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@on_glibc
def test_freed_memory_stays_inside_the_block_and_goes_back_after_it():
    ctypes.CDLL(None).malloc_trim(0)  # what earlier tests freed would be taken again
    before = resident_megabytes()
    with freed_memory_kept():
        torch.ones(60_000_000)  # 229 MB, freed at once
        assert resident_megabytes() - before > 200
    assert resident_megabytes() - before < 50
