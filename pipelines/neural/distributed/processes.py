"""The processes that train one net together: `torchrun` starts them, each takes its share of every minibatch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from bakeoff.pipelines.neural.distributed.layers import share_layers

# How long a process waits for another. Between two trainings the first process may be busy for hours; one that has died
# is noticed at once, by its closed connection.
PATIENCE = timedelta(days=7)


@dataclass(frozen=True)
class Processes:
    """This process, number `rank` of `size`. Number 0 leads: it alone reads the data set, prints and writes."""

    rank: int = 0
    size: int = 1

    @classmethod
    def current(cls) -> Processes:
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
