"""One training as the leading process hands it to the others, so that they need neither the data set nor any file."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed

from bakeoff.pipelines.machine.device import choose_device, make_repeatable
from bakeoff.pipelines.machine.stopwatch import measure
from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.neural.distributed import Processes
from bakeoff.pipelines.neural.networks.build import Network, build_network, fit_to_pixels
from bakeoff.pipelines.neural.training.loop import Snapshot, Trainer
from bakeoff.pipelines.neural.training.minibatches import Examples


@dataclass(frozen=True)
class Assignment:
    """One training. config: with one optimizer.   snapshot: encoded, of an earlier run to go on from; None to begin."""

    config: NeuralConfig
    image_shape: tuple[int, int, int]
    n_classes: int
    seed: int
    bfloat16: bool = False
    snapshot: bytes | None = None

    def build(self, device: torch.device) -> Network:
        """The net with its first weights, before it has seen a picture."""
        return build_network(self.config.architecture, self.image_shape, self.n_classes, self.seed).to(device)

    def begin(self, network: Network, train: Examples, validation: Examples) -> Trainer:
        """A trainer of the net, ready for the next epoch; the same in every process."""
        fit_to_pixels(network, train.images)
        trainer = Trainer(
            network, train, validation, self.config,
            seed=self.seed, bfloat16=self.bfloat16, processes=Processes.current(),
        )  # fmt: skip
        if self.snapshot is not None:
            trainer.restore(Snapshot.from_bytes(self.snapshot, train.images.device))
        return trainer


_under_way: list[Assignment] = []  # what was handed out and is not finished, or has failed


@contextmanager
def handed_out(assignment: Assignment, train: Examples, validation: Examples, processes: Processes) -> Iterator[None]:
    """From the leading process to all others, which wait in `follow` before the block and after it.

    In the block they train along. If it fails they are not waiting, and fail in their turn. Alone, nothing is done.
    """
    if processes.size > 1:
        _under_way.append(assignment)
        distributed.broadcast_object_list([assignment, (len(train), len(validation))])
        _broadcast(train, validation)
    yield
    _under_way.clear()


def dismiss() -> None:
    """Tell the processes that wait in `follow` that nothing more will come; nothing if they are training."""
    if not _under_way:
        distributed.broadcast_object_list([None, ()])


def follow() -> None:
    """Train along with the leading process until it has nothing more: what the others of one `torchrun` do."""
    make_repeatable()
    device, message = choose_device(), list[Any]([None, ()])
    while True:
        distributed.broadcast_object_list(message)
        assignment, lengths = message
        if assignment is None:
            return
        height, width, channels = assignment.image_shape
        train, validation = (
            Examples(
                torch.empty(n, channels, height, width, dtype=torch.uint8, device=device),
                torch.empty(n, dtype=torch.int64, device=device),
                assignment.n_classes,
            )
            for n in lengths
        )
        _broadcast(train, validation)
        with measure("train", "training") as clock:
            trainer = assignment.begin(assignment.build(device), train, validation)
            while not trainer.finished:
                run_timed_epoch(trainer)
        spent_elsewhere(device, clock.stage.cpu_seconds, clock.stage.peak_memory_bytes)


def spent_elsewhere(device: torch.device, cpu_seconds: float = 0.0, memory_bytes: float = 0.0) -> dict[str, float]:
    """Processor time and memory of the processes that trained along, which the leading one's clock does not see; they
    tell theirs."""
    spent = Processes.current().sum(torch.tensor([cpu_seconds, memory_bytes], device=device)).tolist()
    return {"cpu_seconds": spent[0], "peak_memory_bytes": int(spent[1])}


def run_timed_epoch(trainer: Trainer, on_step: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """One epoch. Its row of the history also gets `seconds`, wall clock of this process, and `cpu_seconds`, processor
    time of all processes: what a killed run has spent is known to the one that goes on from its checkpoint."""
    start, cpu = time.perf_counter(), time.process_time()
    row = trainer.run_epoch(on_step)
    row["seconds"] = time.perf_counter() - start
    spent = torch.tensor([time.process_time() - cpu], device=trainer.train.images.device)
    row["cpu_seconds"] = trainer.processes.sum(spent).item()
    return row


def _broadcast(*parts: Examples) -> None:
    for examples in parts:
        distributed.broadcast(examples.images, 0)
        distributed.broadcast(examples.labels, 0)
