"""Energy that NVIDIA's driver tells (NVML), where the package nvidia-ml-py is installed; nothing is required for it."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any


def joules_so_far() -> float | None:
    """What the GPU that torch works on has used since its driver was loaded; None where that is not told.

    Volta and later count; the work of others on the same GPU is in it, too.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():  # nothing was computed there
        return None
    meter = _meter(torch.cuda.get_device_properties(torch.cuda.current_device()).uuid)
    return None if meter is None else meter() / 1000


@cache
def _meter(uuid: Any) -> Any:
    """Millijoules of the GPU with that identifier when called; None where NVML or its package is missing."""
    try:
        import pynvml

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:  # of the package, or of a driver that does not count: energy is told where it can be
        return None
    return lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
