"""Training along with the leading process, and what an epoch of all processes together costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

from bakeoff.pipelines.machine.device import choose_device, make_repeatable
from bakeoff.pipelines.machine.stopwatch import measure
from bakeoff.pipelines.neural.distributed.processes import Processes
from bakeoff.pipelines.neural.training.assignment import receive
from bakeoff.pipelines.neural.training.loop import Trainer


def follow() -> None:
    """Train along with the leading process until it has nothing more: what the others of one `torchrun` do."""
    make_repeatable()
    device, processes = choose_device(), Processes.current()
    while (work := receive(device)) is not None:
        assignment, train, validation = work
        with measure("train", "training") as clock:
            trainer = assignment.begin(assignment.build(device), train, validation, processes)
            while not trainer.finished:
                run_timed_epoch(trainer)
        processes.sum(torch.tensor([clock.stage.cpu_seconds, clock.stage.peak_memory_bytes], device=device))


def spent_elsewhere(processes: Processes, device: torch.device) -> dict[str, float]:
    """Processor time and memory of the processes that trained along, which this one's clock does not see."""
    spent = processes.sum(torch.zeros(2, device=device)).tolist()
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
