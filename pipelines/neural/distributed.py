"""The processes that train one net together: `torchrun` starts them, each takes its share of every minibatch.

Layers that look at several pictures or draw numbers treat all shares as one minibatch. Torch's own shared batch norm
(SyncBatchNorm) needs a GPU; this one takes whatever the group's backend does.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

# How long a process waits for another. Between two trainings the first process may be busy for hours; one that has died
# is noticed at once, by its closed connection.
PATIENCE = timedelta(days=7)


@dataclass(frozen=True)
class Processes:
    """This process, number `rank` of `size`. Number 0 leads: it alone reads the data set, prints and writes."""

    rank: int = 0
    size: int = 1

    @classmethod
    def current(cls) -> "Processes":
        """The group that was joined, or this process alone."""
        if not distributed.is_initialized():
            return cls()
        return cls(distributed.get_rank(), distributed.get_world_size())

    def share(self, n: int) -> slice:
        """Which of n things are this process's: neighbors, the first ones for rank 0. Shares differ by at most one."""
        return slice(n * self.rank // self.size, n * (self.rank + 1) // self.size)

    def together(self, network: nn.Module) -> nn.Module:
        """The network as it is to be called in training: gradients become the mean over all processes, batch norm and
        dropout those of the whole minibatch. Every process starts with the weights of rank 0.

        Changes the network's layers in place, not their weights or names; alone, nothing is changed.
        """
        if self.size == 1:
            return network
        share_layers(network, self.rank, self.size)
        return DistributedDataParallel(network, forward_sync_buffers=False)  # they stay equal by themselves

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes; in place."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values


ALONE = Processes()


@contextmanager
def joined(device_name: str = "") -> Iterator[Processes]:
    """Join the processes of the same `torchrun`: over NCCL with a GPU for each, else over gloo on the CPU."""
    rank, n_here = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
    gpu_each = device_name in ("", "cuda") and torch.cuda.device_count() >= n_here
    if gpu_each:
        torch.cuda.set_device(rank)
    else:  # torchrun allows each process one thread; share the cores instead
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // n_here))
    distributed.init_process_group("nccl" if gpu_each else "gloo", timeout=PATIENCE)
    try:
        yield Processes.current()
    finally:
        distributed.destroy_process_group()


def leave(status: int) -> NoReturn:
    """End this process at once: twice, on busy cores, one whose work was done was aborted as the interpreter ended.

    The group's threads, which DistributedDataParallel keeps alive (torch 2.13), may have been why; it was not shown.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


class MeanOverProcesses(torch.autograd.Function):
    """y = sum over the r processes of x / r, in every process.

    Each process's loss depends on every x through y, so the gradient of an x is the sum of all processes' gradients
    of y, over r: the same operation.
    """

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, values: Tensor) -> Tensor:
        return _mean(values)

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return _mean(gradient)


class SharedBatchNorm(_BatchNorm):
    """Batch norm with the mean and variance over all processes' shares, which must be equally large.

    variance = mean of the shares' variances + variance of the shares' means: one exchange for both.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def forward(self, inputs: Tensor) -> Tensor:
        if not self.training:
            return super().forward(inputs)
        axes = [0, *range(2, inputs.ndim)]  # all but the channels
        values = inputs.float()
        variance, mean = torch.var_mean(values, axes, correction=0)
        mean, variance, square = MeanOverProcesses.apply(torch.stack([mean, variance, mean**2]))
        variance = variance + square - mean**2
        with torch.no_grad():  # the running variance without bias, as torch has it
            n = distributed.get_world_size() * values.numel() // values.shape[1]
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (n / (n - 1)), self.momentum)
        gain = (variance + self.eps).rsqrt() if self.weight is None else (variance + self.eps).rsqrt() * self.weight
        shape = (1, -1, *(1,) * (inputs.ndim - 2))
        outputs = (values - mean.view(shape)) * gain.view(shape)
        if self.bias is not None:
            outputs = outputs + self.bias.view(shape)
        return outputs.to(inputs.dtype)

    def _check_input_dim(self, inputs: Tensor) -> None:
        """Any number of positions will do."""


class SharedDropout(nn.Dropout):
    """Draws for the whole minibatch, as one process would, and applies its share: row for row the same units drop."""

    rank: int
    size: int

    def forward(self, inputs: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return inputs
        n = len(inputs)
        ones = inputs.new_ones(self.size * n, *inputs.shape[1:])
        return inputs * nn.functional.dropout(ones, self.p)[self.rank * n : (self.rank + 1) * n]


def share_layers(network: nn.Module, rank: int, size: int) -> None:
    """Make batch norm and dropout shared ones, in place; weights, statistics and names stay."""
    for layer in network.modules():
        if isinstance(layer, _BatchNorm):
            layer.__class__ = SharedBatchNorm
        elif isinstance(layer, nn.Dropout):
            layer.__class__ = SharedDropout
            layer.rank, layer.size = rank, size  # type: ignore[assignment]


def _mean(values: Tensor) -> Tensor:
    total = values.clone()
    distributed.all_reduce(total)
    return total / distributed.get_world_size()
