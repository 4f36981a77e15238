import ctypes
import subprocess
import sys

import pytest

on_glibc = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"), reason="only glibc can be asked"
)
GROWTH = """
import os
from pathlib import Path

import torch
from bakeoff.pipelines.machine.freed_memory import freed_memory_kept

def resident_megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

before = resident_megabytes()
with freed_memory_kept():
    torch.ones(60_000_000)  # 229 MB, freed at once
    print(resident_megabytes() - before)
print(resident_megabytes() - before)
"""


@on_glibc
def test_freed_memory_stays_inside_the_block_and_goes_back_after_it():
    """In a process of its own: what other tests leave decides where memory comes from."""
    told = subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True).stdout
    inside, after = map(float, told.split())
    assert inside > 200
    assert after < 50
