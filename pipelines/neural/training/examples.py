"""The pictures to learn from, in one tensor, and how an epoch cuts them into minibatches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bakeoff.datasets.dataset import Split
from bakeoff.pipelines.neural.config import NeuralConfig

LEAST_STEPS_PER_EPOCH = 12  # fewer leave too few updates between two looks at the validation pictures
SMALLEST_BATCH = 16  # batch normalisation gets noisy below


@dataclass(frozen=True)
class Examples:
    """images: uint8 (n, channels, height, width).   labels: int64 (n,).   Both on the device that trains."""

    images: Tensor
    labels: Tensor
    n_classes: int

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Plan:
    batch_size: int
    steps_per_epoch: int
    epochs: int

    @property
    def n_pictures_per_epoch(self) -> int:
        return self.batch_size * self.steps_per_epoch

    @property
    def n_steps(self) -> int:
        return self.steps_per_epoch * self.epochs


def plan_steps(n_images: int, config: NeuralConfig) -> Plan:
    """Minibatches of `config.batch_size`, halved on small data until an epoch has 12 steps (but never under 16
    pictures). What is left over after the last whole minibatch of an epoch waits for the next one's new order."""
    batch_size = config.batch_size
    while batch_size // 2 >= SMALLEST_BATCH and n_images // batch_size < LEAST_STEPS_PER_EPOCH:
        batch_size //= 2
    batch_size = min(batch_size, n_images)
    return Plan(batch_size, n_images // batch_size, config.epochs)


def to_examples(split: Split, n_classes: int, device: torch.device) -> Examples:
    """One uint8 tensor (n, channels, height, width) in the device's memory, and the labels."""
    images = torch.from_numpy(np.array(split.images.transpose(0, 3, 1, 2), order="C"))  # a copy, also of gray pictures
    return Examples(images.to(device), torch.from_numpy(split.labels).to(device), n_classes)
