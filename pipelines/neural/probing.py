"""What is timed once for a machine and then remembered: whether bfloat16 is faster, and how many threads pay.

A clock read twice could decide differently, and then two runs with one seed would differ.
"""

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.pipelines.machine.workspace import Workspace, describe_hardware
from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.neural.networks.build import Architecture, Network
from bakeoff.pipelines.neural.training.loop import Trainer
from bakeoff.pipelines.neural.training.minibatches import Examples, plan_steps
from bakeoff.pipelines.results.configuration import describe

VERSION = 1  # raise it when a change of code changes decisions
TIMED_STEPS = 5
LEAST_GAIN = 1.15  # of bfloat16; below it, float32 is kept: the gain would not be worth the lost digits
LEAST_EARNED = 0.5  # of each further thread's time: two threads must be 1.5 times as fast as one, four 2.5 times


def bfloat16_is_faster(network: Network, train: Examples, config: NeuralConfig, workspace: Workspace) -> bool:
    """By an architecture and a picture size."""
    if not has_bfloat16(train.images.device):
        return False
    batch = slice(plan_steps(len(train), config).batch_size)
    decide = partial(bfloat16_pays, network, train.images[batch], train.labels[batch], time.perf_counter)
    return bool(_remembered("bfloat16", decide, train, config.architecture, workspace))


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 at all. A CPU that does not emulates it, so slowly that timing a few steps
    of a convolutional net would take minutes."""
    return device.type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def bfloat16_pays(network: nn.Module, images: Tensor, labels: Tensor, clock: Callable[[], float]) -> bool:
    """Time a few forward and backward passes of a copy of the net each way.

    images: uint8 (n, channels, height, width), one minibatch.   clock: seconds, such as time.perf_counter.
    """
    probe = copy.deepcopy(network).train()

    def step(bfloat16: bool) -> None:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=bfloat16):
            loss = nn.functional.cross_entropy(probe(images).float(), labels)
        loss.backward()
        loss.item()  # waits for an accelerator

    with torch.random.fork_rng():  # dropout draws
        float32, bfloat16 = (least_seconds(partial(step, each), clock) for each in (False, True))
    return float32 > LEAST_GAIN * bfloat16


def threads_for(trainer: Trainer, workspace: Workspace) -> int:
    """By a net, its optimizer and its minibatch; on the CPU, for a process that trains alone. Changes nothing in the
    trainer."""
    n_threads = torch.get_num_threads()
    if trainer.processes.size > 1 or trainer.train.images.device.type != "cpu":
        return n_threads

    def decide() -> int:
        probe = Trainer(copy.deepcopy(trainer.network), trainer.train, trainer.validation, trainer.config, seed=0)
        images, targets = next(probe.minibatches.of_epoch(0))
        probe.network.train()
        with torch.random.fork_rng():  # dropout draws
            return threads_that_pay(lambda: probe._step(0, images, targets), time.perf_counter)

    inputs = {"threads": n_threads, "batch_size": trainer.plan.batch_size, "optimizer": trainer.settings.name}
    return int(_remembered("threads", decide, trainer.train, trainer.config.architecture, workspace, **inputs))


def threads_that_pay(step: Callable[[], object], clock: Callable[[], float]) -> int:
    """torch's number of threads n, if a step is then at least 1 + (n - 1) / 2 times as fast as with one thread; else 1.

    Threads wait for each other at the end of every operation, and they wait busily: a small step on two threads takes
    as long as on one, at twice the processor time.

    step: does the same work at each call.   clock: seconds, such as time.perf_counter.
    """
    n_threads = torch.get_num_threads()
    if n_threads == 1:
        return 1
    seconds = {}
    for n in (1, n_threads):
        with threads(n):
            seconds[n] = least_seconds(step, clock)
    return n_threads if seconds[1] >= (1 + (n_threads - 1) * LEAST_EARNED) * seconds[n_threads] else 1


def least_seconds(step: Callable[[], object], clock: Callable[[], float]) -> float:
    """The quickest of five steps, after one that allocates and picks kernels."""
    step()
    times = []
    for _ in range(TIMED_STEPS):
        start = clock()
        step()
        times.append(clock() - start)
    return min(times)


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Inside the block torch computes with n threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _remembered(
    what: str, decide: Callable[[], int], train: Examples, architecture: Architecture, workspace: Workspace, **more: Any
) -> Any:
    device = train.images.device
    inputs = {
        "architecture": describe(architecture),
        "image_shape": list(train.images.shape[1:]),
        "processor": describe_hardware()["processor"],
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        **more,
    }
    stage = workspace.machine_cache.get_or_compute(
        what, version=VERSION, inputs=inputs, compute=lambda: {"answer": np.array(decide())}
    )
    return stage.arrays["answer"]
