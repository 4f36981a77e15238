"""What is timed once for a machine and then remembered: whether bfloat16 is faster, and how many threads pay.

A clock read twice could decide differently, and then two runs with one seed would differ.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from bakeoff.pipelines.machine.workspace import Workspace, describe_hardware
from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.neural.networks.build import Architecture, Network
from bakeoff.pipelines.neural.speed.precision import bfloat16_pays, has_bfloat16
from bakeoff.pipelines.neural.speed.threads import threads_that_pay
from bakeoff.pipelines.neural.training.examples import Examples, plan_steps
from bakeoff.pipelines.neural.training.loop import Trainer
from bakeoff.pipelines.results.configuration import describe

VERSION = 1  # raise it when a change of code changes decisions


def bfloat16_is_faster(network: Network, train: Examples, config: NeuralConfig, workspace: Workspace) -> bool:
    """By an architecture and a picture size."""
    if not has_bfloat16(train.images.device):
        return False
    batch = slice(plan_steps(len(train), config).batch_size)
    decide = partial(bfloat16_pays, network, train.images[batch], train.labels[batch], time.perf_counter)
    return bool(_remembered("bfloat16", decide, train, config.architecture, workspace))


def threads_for(trainer: Trainer, workspace: Workspace) -> int:
    """By a net, its optimizer and its minibatch; on the CPU, for a process that trains alone. Changes nothing in the
    trainer."""
    n_threads = torch.get_num_threads()
    if trainer.processes.size > 1 or trainer.train.images.device.type != "cpu":
        return n_threads

    def decide() -> int:
        probe = Trainer(
            copy.deepcopy(trainer.network), trainer.train, trainer.validation, trainer.config, trainer.settings, seed=0
        )
        images, targets = next(probe.minibatches.of_epoch(0))
        probe.network.train()
        with torch.random.fork_rng():  # dropout draws
            return threads_that_pay(lambda: probe._step(0, images, targets), time.perf_counter)

    inputs = {"threads": n_threads, "batch_size": trainer.plan.batch_size, "optimizer": trainer.settings.name}
    return int(_remembered("threads", decide, trainer.train, trainer.config.architecture, workspace, **inputs))


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
