"""What the leading process hands to the others, so that they need neither the data set nor any file: it reads and
writes, they compute along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.neural.distributed.processes import Processes
from bakeoff.pipelines.neural.networks.build import Network, build_network, fit_to_pixels
from bakeoff.pipelines.neural.training.checkpoint import decode_snapshot
from bakeoff.pipelines.neural.training.examples import Examples
from bakeoff.pipelines.neural.training.loop import Trainer


@dataclass(frozen=True)
class Assignment:
    """One training. config: with one optimizer.   snapshot: encoded, of an earlier run to go on from; None to begin."""

    config: NeuralConfig
    image_shape: tuple[int, int, int]
    n_classes: int
    n_train: int
    n_validation: int
    seed: int
    bfloat16: bool
    snapshot: bytes | None

    def build(self, device: torch.device) -> Network:
        """The net with its first weights, before it has seen a picture."""
        return build_network(self.config.architecture, self.image_shape, self.n_classes, self.seed).to(device)

    def begin(self, network: Network, train: Examples, validation: Examples, processes: Processes) -> Trainer:
        """A trainer of the net, ready for the next epoch; the same in every process."""
        fit_to_pixels(network, train.images)
        optimizer = self.config.optimizers[0]
        trainer = Trainer(
            network, train, validation, self.config, optimizer,
            seed=self.seed, bfloat16=self.bfloat16, processes=processes,
        )  # fmt: skip
        if self.snapshot is not None:
            trainer.restore(decode_snapshot(self.snapshot, train.images.device))
        return trainer


_under_way: list[Assignment] = []  # what was handed out and is not finished, or has failed


@contextmanager
def handed_out(assignment: Assignment, train: Examples, validation: Examples, processes: Processes) -> Iterator[None]:
    """From the leading process to all others, which are waiting in `receive` before the block and after it.

    In the block they train along. If it fails they are not waiting, and fail in their turn. Alone, nothing is done.
    """
    if processes.size > 1:
        _under_way.append(assignment)
        distributed.broadcast_object_list([assignment])
        for examples in (train, validation):
            distributed.broadcast(examples.images, 0)
            distributed.broadcast(examples.labels, 0)
    yield
    _under_way.clear()


def dismiss() -> None:
    """Tell the processes that wait in `receive` that nothing more will come; nothing if they are training."""
    if not _under_way:
        distributed.broadcast_object_list([None])


def receive(device: torch.device) -> tuple[Assignment, Examples, Examples] | None:
    """The next training with its pictures; None when there is none left."""
    message: list[Assignment | None] = [None]
    distributed.broadcast_object_list(message)
    assignment = message[0]
    if assignment is None:
        return None
    train = _receive_examples(assignment.n_train, assignment, device)
    return assignment, train, _receive_examples(assignment.n_validation, assignment, device)


def _receive_examples(n: int, assignment: Assignment, device: torch.device) -> Examples:
    height, width, channels = assignment.image_shape
    images = torch.empty(n, channels, height, width, dtype=torch.uint8, device=device)
    labels = torch.empty(n, dtype=torch.int64, device=device)
    return Examples(_from_the_leader(images), _from_the_leader(labels), assignment.n_classes)


def _from_the_leader(values: Tensor) -> Tensor:
    distributed.broadcast(values, 0)
    return values
