"""Training examples in one tensor, recipes that follow their number, and the augmented minibatches of an epoch.

Minibatches are a pure function of (seed, epoch): this process's share of each. Every process draws for the whole
minibatch and makes its own rows of it, so that together they see what one would. Every draw takes an explicit generator
and happens on the CPU, so that a seed means the same on every device; what draws is apart from what applies, so that
each can be checked by hand: one indexing operation for the whole batch, no loop.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Generator, Tensor, nn

from bakeoff.datasets.dataset import Split
from bakeoff.pipelines.neural.config import Augmentation, NeuralConfig
from bakeoff.pipelines.neural.distributed import ALONE, Processes

LEAST_STEPS_A_PASS = 12  # fewer leave too few updates between two looks at the validation pictures
SMALLEST_BATCH = 16  # batch normalization gets noisy below


@dataclass(frozen=True)
class Examples:
    """images: uint8 (n, channels, height, width).   labels: int64 (n,).   Both on the device that trains."""

    images: Tensor
    labels: Tensor
    n_classes: int

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class StepPlan:
    """n_steps: in all.   epochs: equal parts of them, each followed by a look at the validation pictures.

    n_steps_a_pass: minibatches in one pass over the training pictures; an epoch is a pass, or several on small data.
    """

    batch_size: int
    n_steps: int
    epochs: int
    n_steps_a_pass: int

    def first_step(self, epoch: int) -> int:
        """Of an epoch, from 0; of the number of epochs, all steps."""
        return self.n_steps * epoch // self.epochs

    def steps_of(self, epoch: int) -> int:
        return self.first_step(epoch + 1) - self.first_step(epoch)


def plan_steps(n_images: int, config: NeuralConfig) -> StepPlan:
    """Minibatches of `config.batch_size`, halved on small data until a pass has 12 steps, and all `config.epochs`
    passes together `config.least_steps` (but never under 16 pictures); then more passes, until there are so many.

    With `config.steps`, so many exactly. What is left over after the last whole minibatch of a pass waits for the next
    one's new order.
    """
    batch_size, wanted = config.batch_size, max(LEAST_STEPS_A_PASS, config.least_steps / config.epochs)
    while batch_size // 2 >= SMALLEST_BATCH and n_images // batch_size < wanted:
        batch_size //= 2
    batch_size = min(batch_size, n_images)
    a_pass = n_images // batch_size
    n_steps = config.steps or max(a_pass * config.epochs, config.least_steps)
    return StepPlan(batch_size, n_steps, max(1, min(config.epochs, n_steps // a_pass)), a_pass)


def fit_to(
    config: NeuralConfig, n_pictures: int, image_shape: tuple[int, int, int], budget_steps: int | None = None
) -> NeuralConfig:
    """The configuration to train with; a recipe for 32 pixels and many pictures is left as it is, and so is what was
    fitted before.

    n_pictures: for training.   budget_steps: exactly so many, however many the recipe asks for; batch and rates stay
    those of the recipe on these pictures.
    Shifts grow with the shorter side. Where the batch was halved, learning rates of SGD and Muon fall in
    proportion, as the noise of their steps would rise (Goyal et al. 2017); AdamW's steps have one size whatever the
    batch.
    """
    plan, side = plan_steps(n_pictures, config), min(image_shape[:2])
    augmentation, growth, share = config.augmentation, side / config.side, plan.batch_size / config.batch_size
    return replace(
        config,
        steps=budget_steps or plan.n_steps,
        side=side,
        batch_size=plan.batch_size,
        optimizers=tuple(
            one if one.name == "adamw" else replace(one, learning_rate=share * one.learning_rate)
            for one in config.optimizers
        ),
        augmentation=replace(augmentation, crop=_grown(augmentation.crop, growth)),
        shift_averaging=_grown(config.shift_averaging, growth),
    )


def _grown(pixels: int, growth: float) -> int:
    """At least 1, for 0 means off."""
    return max(1, round(pixels * growth)) if pixels else 0


def to_examples(split: Split, n_classes: int, device: torch.device) -> Examples:
    """One uint8 tensor (n, channels, height, width) in the device's memory, and the labels."""
    images = torch.from_numpy(np.array(split.images.transpose(0, 3, 1, 2), order="C"))  # a copy, also of gray pictures
    return Examples(images.to(device), torch.from_numpy(split.labels).to(device), n_classes)


@dataclass(frozen=True)
class Minibatches:
    """Raises ValueError if the processes cannot share a minibatch equally."""

    train: Examples
    plan: StepPlan
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

        epoch: from 0. All that is random in it comes from a generator of its own, a pass at a time.
        """
        generator, n_steps, size = generator_of(self.seed, epoch + 1), self.plan.steps_of(epoch), self.plan.batch_size
        passes = -(-n_steps // self.plan.n_steps_a_pass)
        share, device = self.processes.share(size), self.train.images.device
        for number in range(epoch * passes, (epoch + 1) * passes):
            fixed = generator_of(self.seed, 0)
            flips = draw_flips(self.settings, len(self.train), number, first=fixed, generator=generator)
            steps = min(n_steps, self.plan.n_steps_a_pass)
            order = torch.randperm(len(self.train), generator=generator)[: steps * size]
            shifts = draw_shifts(len(order), self.settings.crop, generator)
            mirrored = None if flips is None else flips[order]
            order = order.to(device)  # all draws at once
            mirrored, shifts = (None if part is None else part.to(device) for part in (mirrored, shifts))
            for start in range(0, len(order), size):
                rows = slice(start + share.start, start + share.stop)
                moves = (None if part is None else part[rows] for part in (mirrored, shifts))
                images = augment(self.train.images[order[rows]], *moves)
                yield images, nn.functional.one_hot(self.train.labels[order[rows]], self.train.n_classes).float()
            n_steps -= steps


def generator_of(*numbers: int) -> Generator:
    return Generator().manual_seed(seed_number(*numbers))


def seed_number(*numbers: int) -> int:
    """One 63-bit seed from several numbers: near numbers give unrelated seeds."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


def augment(images: Tensor, mirrored: Tensor | None, shifts: Tensor | None) -> Tensor:
    """Crop, then flip. images, and what is returned: uint8 (n, channels, height, width).

    mirrored: bool (n,).   shifts: int64 (n, 2).   None for what is not to be done.
    """
    if shifts is not None:
        images = shift(images, shifts)
    return images if mirrored is None else flip(images, mirrored)


def flip(images: Tensor, mirrored: Tensor) -> Tensor:
    """Mirror left-right the pictures where `mirrored`, bool (n,), is true."""
    return torch.where(mirrored.to(images.device).view(-1, 1, 1, 1), images.flip(3), images)


def shift(images: Tensor, shifts: Tensor) -> Tensor:
    """Move each picture's window by shifts[:, 0] rows and shifts[:, 1] columns; borders are mirrored.

    shifts: int64 (n, 2), each smaller in size than the picture's side. The same as padding by reflection and cropping.
    """
    n_images, channels, height, width = images.shape
    shifts = shifts.to(images.device)
    rows = _reflect(torch.arange(height, device=images.device) + shifts[:, :1], height)  # (n, height)
    columns = _reflect(torch.arange(width, device=images.device) + shifts[:, 1:], width)  # (n, width)
    source = (rows[:, :, None] * width + columns[:, None, :]).view(n_images, 1, -1)  # (n, 1, height * width)
    return images.flatten(2).gather(2, source.expand(-1, channels, -1)).view(images.shape)


def draw_shifts(n_images: int, largest: int, generator: Generator) -> Tensor | None:
    """int64 (n, 2), uniform over -largest..largest; None for 0."""
    return None if largest == 0 else torch.randint(-largest, largest + 1, (n_images, 2), generator=generator)


def draw_flips(
    settings: Augmentation, n_images: int, epoch: int, first: Generator, generator: Generator
) -> Tensor | None:
    """bool (n_images,), one for each training picture of an epoch; None for no flips.

    "random": each is a fair coin from `generator`. "alternating": fair coins from `first`, which starts at the same
    seed in every epoch, turned over in every odd epoch: two epochs show each picture both ways (Jordan 2024).
    """
    match settings.flip:
        case "none":
            return None
        case "random":
            return torch.rand(n_images, generator=generator) < 0.5
        case "alternating":
            return (torch.rand(n_images, generator=first) < 0.5) ^ (epoch % 2 == 1)


def _reflect(positions: Tensor, size: int) -> Tensor:
    """Mirror positions beyond 0..size-1 back inside, without repeating the border."""
    last = size - 1
    return last - (last - positions.abs()).abs()
