"""Whether bfloat16 products pay on this machine: a processor without units for them is slower with them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from bakeoff.pipelines.neural.speed.threads import least_seconds

LEAST_GAIN = 1.15  # below it, float32 is kept: the gain would not be worth the lost digits


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 at all. A CPU that does not emulates it, so slowly that timing a few steps
    of a convolutional net would take minutes."""
    return device.type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def bfloat16_pays(network: nn.Module, images: Tensor, labels: Tensor, clock: Callable[[], float]) -> bool:
    """Time a few forward and backward passes of a copy of the net each way.

    images: uint8 (n, channels, height, width), one minibatch.   clock: seconds, such as time.perf_counter.
    """
    probe = copy.deepcopy(network).train()
    with torch.random.fork_rng():  # dropout draws
        float32, bfloat16 = (
            least_seconds(partial(_pass, probe, images, labels, each), clock) for each in (False, True)
        )
    return float32 > LEAST_GAIN * bfloat16


def _pass(network: nn.Module, images: Tensor, labels: Tensor, bfloat16: bool) -> None:
    with torch.autocast(images.device.type, torch.bfloat16, enabled=bfloat16):
        loss = nn.functional.cross_entropy(network(images).float(), labels)
    loss.backward()
    loss.item()  # waits for an accelerator
