"""Every setting of the end-to-end side, with a unit or a reason for each field, and its named experiments.

Times are for two cores and all of CIFAR-10 (45,000 training pictures).
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from bakeoff.pipelines.neural.networks.build import Architecture
from bakeoff.pipelines.neural.networks.convolutional import ConvNet, SmallAlexNet, Speedrun
from bakeoff.pipelines.neural.networks.perceptrons import LocalPerceptron, Perceptron
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


# CIFAR-10: 67.7 % in 13 minutes. Photos: 79.0 % in a minute, before its views were shifted.
MLP = NeuralConfig(mixed_precision="auto", shift_averaging=2)

# As many settings as the linear SVM tries values of C, each trained in full and judged on validation.
MLP_TUNED = replace(MLP, optimizers=tuple(Optimizer(learning_rate=rate) for rate in (3e-4, 1e-3, 3e-3, 1e-2)))

# No convolution and nothing shared, but local: half of what a convolution assumes. CIFAR-10: 80.5 % in 36 minutes of
# one core.
MLP_STRONG = replace(
    MLP,
    architecture=LocalPerceptron(),
    optimizers=(Optimizer(learning_rate=2e-3),),
    augmentation=Augmentation(flip="random", crop=4),
    epochs=80,
    shift_averaging=1,
)

# Photos: 94.1 % in 800 steps and 93 s of processor time; the recipe's 448 steps take 57 s, with 90.3 % on validation in
# place of 91.1 %.
CONVNET = replace(
    MLP,
    architecture=ConvNet(),
    optimizers=(Optimizer(learning_rate=4e-3),),
    augmentation=Augmentation(flip="random", crop=4),
    epochs=16,
    least_steps=400,
    batch_size=128,
    shift_averaging=0,
)

# CIFAR-10: 91.5 % in 74 minutes of one core. With SGD at the same rate, 14 epochs and no shifts it was 87.4 % in 62.
ALEXNET = replace(
    MLP,
    architecture=SmallAlexNet(),
    optimizers=(Optimizer("filter-muon", learning_rate=0.1, weight_decay=5e-4),),
    augmentation=Augmentation(flip="alternating", crop=4),
    epochs=16,
    least_steps=400,
    batch_size=256,
    gradient_clip=None,
    shift_averaging=1,
)

# airbench94's recipe for the mean loss of 1024 pictures: rate 11.5 / 7851 * 1024 = 1.5, decay 0.002 / 1.5, biases at 64
# times the rate, ten passes, smoothing 0.2. Differs: a mean of weights that does not feed back.
# CIFAR-10: 93.5 % in 53 minutes of one core; with eight passes and no shifts it was 92.7 % in 42.
SPEEDRUN = NeuralConfig(
    architecture=Speedrun(),
    optimizers=(Optimizer("sgd", learning_rate=1.5, weight_decay=1.33e-3, momentum=0.85, bias_rate=64.0),),
    schedule="triangular",
    warmup=0.23,
    augmentation=Augmentation(flip="alternating", crop=2),
    epochs=10,
    least_steps=400,
    batch_size=1024,
    label_smoothing=0.2,
    gradient_clip=None,
    average_decay=0.77,
    shift_averaging=1,
    mixed_precision="auto",
)

# name -> (title, configuration)
EXPERIMENTS: dict[str, tuple[str, NeuralConfig]] = {
    "mlp": ("Perceptron, three hidden layers", MLP),
    "mlp-tuned": ("Perceptron, three hidden layers, the best of four learning rates", MLP_TUNED),
    "mlp-strong": ("Perceptron of local receptive fields, nothing shared", MLP_STRONG),
    "convnet": ("Small convolutional net for two cores", CONVNET),
    "alexnet": ("AlexNet at CIFAR size", ALEXNET),
    "speedrun": ("Small convolutional net, fast recipe", SPEEDRUN),
}
