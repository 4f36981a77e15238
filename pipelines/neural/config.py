"""Every setting of the end-to-end side: one frozen value, with a unit or a reason for each field."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from bakeoff.pipelines.neural.networks.build import Architecture
from bakeoff.pipelines.neural.networks.mlp import Perceptron
from bakeoff.pipelines.results.configuration import describe as describe_kind

Schedule = Literal["one-cycle", "triangular"]


@dataclass(frozen=True)
class Optimizer:
    """filter-muon: Muon for the filters of convolutions, Nesterov's descent for all else: a fully connected layer is
    too large to be made orthogonal at every step on a CPU."""

    name: Literal["sgd", "adamw", "filter-muon"] = "adamw"
    learning_rate: float = 1e-3  # at the top of the schedule
    weight_decay: float = 0.05  # on matrices and filters; never on biases and normalization gains
    momentum: float = 0.9  # sgd and filter-muon (both Nesterov); first beta of adamw
    bias_rate: float = 1.0  # times the learning rate, for biases and gains; short trainings want them faster
    filter_decay: float = 0.05  # weight decay of filter-muon's filters, whose update is large whatever the gradient


@dataclass(frozen=True)
class Augmentation:
    """What is done to a training picture before each step; validation and test pictures are never touched.

    In a recipe, lengths are for pictures of `NeuralConfig.side`: `fit_to` makes them grow with the pictures.
    """

    flip: Literal["none", "random", "alternating"] = "random"  # left-right
    crop: int = 2  # largest shift in pixels each way, borders mirrored; 0 is off


@dataclass(frozen=True)
class NeuralConfig:
    architecture: Architecture = field(default_factory=Perceptron)
    # Each is trained in full and the best on validation is kept; one entry means nothing to choose.
    optimizers: tuple[Optimizer, ...] = (Optimizer(),)
    schedule: Schedule = "one-cycle"
    warmup: float = 0.2  # share of all steps before the top
    augmentation: Augmentation = field(default_factory=Augmentation)
    side: int = 32  # shorter side in pixels of the pictures that the lengths in here are for
    epochs: int = 60  # passes over the training pictures; looks at validation, each after one pass or more
    least_steps: int = 0  # in all, for steps are what a net needs: small data gets smaller batches, then more passes
    steps: int | None = None  # exactly so many in all, whatever the passes; what a budget allows
    batch_size: int = 512  # pictures a step; halved on small data, see `plan_steps`
    label_smoothing: float = 0.1  # share of the target spread over all classes
    gradient_clip: float | None = 1.0  # largest L2 norm of the whole gradient
    average_decay: float = 0.99  # of the running mean of the weights, per averaging (every 5 steps)
    flip_averaging: bool = True  # predict the mean logits of the picture and its mirror image
    # Predict the mean logits of the picture where it is, at half the weight, and moved by so many pixels up left and
    # down right; 0 is off. Takes three times as many predictions.
    shift_averaging: int = 0
    # "auto" times both ways once on this machine and takes bfloat16 products where they are faster; the answer is kept
    # in the cache and told in the run's diagnostics, so that the same seed gives the same net again.
    mixed_precision: Literal["off", "auto"] = "off"
    compiled: bool = False  # by torch.compile, which takes a minute: for long trainings on an accelerator


def describe(config: NeuralConfig) -> dict[str, Any]:
    """Every setting, as plain JSON values."""
    return asdict(config) | {"architecture": describe_kind(config.architecture)}
