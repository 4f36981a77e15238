"""The device of the machine that both sides compute on, an accelerator when there is one."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed

CPU = torch.device("cpu")


def choose_device(name: str = "") -> torch.device:
    """The device of that name; "" is CUDA, else Apple's MPS, else the CPU. The CPU for processes that talk over gloo.

    Raises ValueError if this machine, or this build of torch, has no such device.
    """
    if distributed.is_initialized() and distributed.get_backend() == "gloo":
        return CPU
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name and not found.get(name):
        have = ", ".join(kind for kind, there in found.items() if there)
        raise ValueError(f"there is no device {name} here: use one of {have}, or leave it out")
    return torch.device(name or next(kind for kind, there in found.items() if there))


def free_bytes(device: torch.device) -> int:
    """Of an accelerator's memory, what torch may still take: what is free, and what it holds unused."""
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0] + unused)


def bytes_to_hold(device: torch.device) -> int:
    """Of an accelerator's memory, what may be filled for long: an eighth is for the work on it."""
    is_mps = device.type == "mps"
    total = torch.mps.recommended_max_memory() if is_mps else torch.cuda.mem_get_info(device)[1]
    return max(0, free_bytes(device) - int(total) // 8)


def is_on(tensor: torch.Tensor, device: torch.device) -> bool:
    """Whether it is there already: a tensor on "cuda" says "cuda:0", which does not compare as equal."""
    return tensor.device.type == device.type and device.index in (None, tensor.device.index)


def wait_for(device: torch.device) -> None:
    """Until an accelerator has done what it was given, so that a clock tells the truth."""
    if device.type in ("cuda", "mps"):
        torch.accelerator.synchronize()


@contextmanager
def exact_products() -> Iterator[None]:
    """Products of float32 in float32, whatever torch was told: with TF32's ten bits features are off by 0.03, and the
    SVM does not converge."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]


def make_repeatable() -> None:
    """The same seed gives the same net again: fixed algorithms, and numbers below 1e-38 taken as zero (late in a
    training they are many, and a CPU is 40 times slower with them)."""
    torch.set_flush_denormal(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
