"""The augmented minibatches of an epoch, as a pure function of (seed, epoch): this process's share of each.

Every process draws for the whole minibatch and makes its own rows of it, so that together they see what one would.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor, nn

from bakeoff.pipelines.neural.config import Augmentation
from bakeoff.pipelines.neural.distributed.processes import ALONE, Processes
from bakeoff.pipelines.neural.training.augmentation import augment, draw_flips, draw_shifts
from bakeoff.pipelines.neural.training.examples import Examples, Plan


@dataclass(frozen=True)
class Minibatches:
    """Raises ValueError if the processes cannot share a minibatch equally."""

    train: Examples
    plan: Plan
    settings: Augmentation
    seed: int
    processes: Processes = ALONE

    def __post_init__(self) -> None:
        if self.plan.batch_size % self.processes.size:
            raise ValueError(
                f"a minibatch of {self.plan.batch_size} pictures cannot be shared equally by {self.processes.size} "
                "processes: start a number of them that divides it"
            )

    def of_epoch(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Pictures (b, channels, height, width), uint8, and targets, float32 (b, n_classes), step by step.

        epoch: from 0. All that is random in it comes from a generator of its own.
        """
        generator, n_steps = generator_of(self.seed, epoch + 1), self.plan.steps_of(epoch)
        passes = -(-n_steps // self.plan.n_steps_a_pass)
        for number in range(epoch * passes, (epoch + 1) * passes):
            fixed = generator_of(self.seed, 0)
            flips = draw_flips(self.settings, len(self.train), number, first=fixed, generator=generator)
            order = torch.randperm(len(self.train), generator=generator)
            steps = min(n_steps, self.plan.n_steps_a_pass)
            for chosen in order[: steps * self.plan.batch_size].split(self.plan.batch_size):
                yield self._make(chosen, flips, draw_shifts(len(chosen), self.settings.crop, generator))
            n_steps -= steps

    def _make(self, chosen: Tensor, flips: Tensor | None, shifts: Tensor | None) -> tuple[Tensor, Tensor]:
        """chosen: int64 (b,), the whole minibatch's pictures.   flips: of all training pictures.   shifts: (b, 2)."""
        share = self.processes.share(len(chosen))
        mirrored = None if flips is None else flips[chosen[share]]
        pictures = chosen[share].to(self.train.images.device)
        images = augment(self.train.images[pictures], mirrored, None if shifts is None else shifts[share])
        return images, nn.functional.one_hot(self.train.labels[pictures], self.train.n_classes).float()


def generator_of(*numbers: int) -> Generator:
    return Generator().manual_seed(seed_number(*numbers))


def seed_number(*numbers: int) -> int:
    """One 63-bit seed from several numbers: near numbers give unrelated seeds."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
