"""Benchmark of training steps of a perceptron against scikit-learn and the usual torch loop, net and batch alike."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from bakeoff.benchmarks.measurement import Measurement, compare
from bakeoff.pipelines.machine.device import make_repeatable
from bakeoff.pipelines.neural.config import Augmentation, NeuralConfig
from bakeoff.pipelines.neural.experiments import MLP
from bakeoff.pipelines.neural.networks.build import Network, build_network, fit_to_pixels
from bakeoff.pipelines.neural.networks.mlp import Perceptron
from bakeoff.pipelines.neural.speed.precision import bfloat16_pays
from bakeoff.pipelines.neural.training.augmentation import augment, draw, flip, shift
from bakeoff.pipelines.neural.training.examples import LEAST_STEPS_A_PASS, Examples
from bakeoff.pipelines.neural.training.loop import Trainer
from bakeoff.pipelines.neural.training.optimizers import build_optimizer

SHAPE = (32, 32, 3)
BATCH = MLP.batch_size
N_CLASSES = 10
REPEATS = 3
PEER_STEPS = 4  # a call; fewer than ours, for the peers take seconds
PLAIN = replace(
    MLP, architecture=Perceptron(widths=(1024, 1024, 1024), normalization="none")
)  # scikit-learn has no norm
WIDE = replace(MLP, architecture=Perceptron(widths=(2048, 2048), normalization="none"), mixed_precision="off")


class Pictures(TorchDataset):
    """What a tutorial writes: one picture at a time, cropped, flipped, scaled and standardized."""

    def __init__(self, examples: Examples, largest_shift: int, mean: Tensor, deviation: Tensor) -> None:
        self.examples, self.largest_shift = examples, largest_shift
        self.mean, self.deviation = mean, deviation

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        down, right = torch.randint(-self.largest_shift, self.largest_shift + 1, (2,)).tolist()
        picture = self.change(index, down, right, mirrored=bool(torch.rand(()) < 0.5))
        return (picture - self.mean) / self.deviation, self.examples.labels[index]

    def change(self, index: int, down: int, right: int, *, mirrored: bool) -> Tensor:
        """The picture moved and mirrored, float32 0..255."""
        pad = self.largest_shift
        padded = nn.functional.pad(self.examples.images[index].float(), (pad, pad, pad, pad), mode="reflect")
        height, width = self.examples.images.shape[2:]
        picture = padded[:, pad + down : pad + down + height, pad + right : pad + right + width]
        return picture.flip(2) if mirrored else picture


def measure() -> list[Measurement]:
    make_repeatable()
    return [_minibatches(), _against_loader(MLP), _against_loader(WIDE), _against_sklearn(PLAIN)]


def _minibatches() -> Measurement:
    """Pictures a second of augmented minibatches alone."""
    examples, settings = _examples(PEER_STEPS), MLP.augmentation
    network = _network(MLP, examples)
    pictures = _tutorial_pictures(examples, network)
    draws = torch.Generator().manual_seed(0)

    def ours() -> None:
        for chosen in torch.randperm(len(examples), generator=draws).split(BATCH):
            mirrored = torch.rand(len(chosen), generator=draws) < 0.5
            network.pixels(augment(examples.images[chosen], draw(len(chosen), mirrored, settings, draws)))

    shifts = torch.tensor([[1, -2], [0, 2], [-1, 0], [2, 2]])
    mirrored = torch.tensor([True, False, True, False])
    ours_changed = flip(shift(examples.images[:4], shifts), mirrored)
    theirs_changed = torch.stack(
        [pictures.change(i, *shifts[i].tolist(), mirrored=bool(mirrored[i])) for i in range(4)]
    )
    return compare(
        f"minibatches of {BATCH}, 32 x 32 RGB, cropped, flipped, standardized: pictures",
        ours,
        "torch Dataset + DataLoader",
        lambda: list(_loader(pictures)),
        lambda *_: (ours_changed - theirs_changed).abs().max().item(),
        units=(len(examples), len(examples)),
        repeats=REPEATS,
    )


def _against_loader(config: NeuralConfig) -> Measurement:
    """Steps a second of the whole training, augmentation, net and optimizer, beside a tutorial's loop."""
    examples = _examples(LEAST_STEPS_A_PASS)
    trainer, network = _trainer(config, examples), _network(config, examples)
    loader = _loader(_tutorial_pictures(_examples(PEER_STEPS), network))
    optimizer = build_optimizer(network, config.optimizers[0])

    def peer() -> None:
        for images, labels in loader:
            loss = nn.functional.cross_entropy(network.body(images), labels, label_smoothing=config.label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    with torch.inference_mode():  # both start with the same weights
        error = (trainer.network(examples.images[:8]) - network(examples.images[:8])).abs().max().item()
    operations = 0 if trainer.bfloat16 else _useful_operations(network)
    return _steps(config, trainer, "torch Dataset + DataLoader loop, float32", peer, error, operations)


def _against_sklearn(config: NeuralConfig) -> Measurement:
    """Steps a second on pictures as they are; the same net, which scikit-learn has without batch norm."""
    config = replace(config, augmentation=Augmentation(flip="none", crop=0))
    examples = _examples(LEAST_STEPS_A_PASS)
    trainer, network = _trainer(config, examples), _network(config, examples)  # with the same first weights
    with torch.inference_mode():
        pixels = network.pixels(examples.images).flatten(1).numpy()
    labels = examples.labels.numpy()
    peer = MLPClassifier(_widths(config), batch_size=BATCH, max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # one pass is what we ask for
        peer.partial_fit(pixels, labels, classes=np.arange(N_CLASSES))
        error = _difference_with_the_same_weights(network, peer, examples.images[:64], pixels[:64])
        few = slice(PEER_STEPS * BATCH)
        name = "sklearn.neural_network.MLPClassifier, float32"
        return _steps(config, trainer, name, lambda: peer.partial_fit(pixels[few], labels[few]), error)


def _steps(
    config: NeuralConfig, trainer: Trainer, name: str, peer: Callable[[], object], error: float, operations: float = 0
) -> Measurement:
    """operations: of a step.   error: found before either trained."""
    return compare(
        _describe(config, trainer.bfloat16),
        trainer.run_epoch,
        name,
        peer,
        lambda *_: error,
        units=(LEAST_STEPS_A_PASS, PEER_STEPS),
        operations=operations * LEAST_STEPS_A_PASS,
        repeats=REPEATS,
    )


def _difference_with_the_same_weights(
    network: nn.Module, peer: MLPClassifier, images: Tensor, rows: np.ndarray
) -> float:
    """Largest difference in probability after our weights are written into the peer."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    for i, layer in enumerate(layers):
        peer.coefs_[i][...] = layer.weight.detach().numpy().T
        peer.intercepts_[i][...] = layer.bias.detach().numpy()
    with torch.inference_mode():
        ours = network(images).softmax(dim=1).numpy()
    return float(np.abs(ours - peer.predict_proba(rows)).max())


def _trainer(config: NeuralConfig, examples: Examples) -> Trainer:
    network = _network(config, examples)
    few = Examples(examples.images[:10], examples.labels[:10], N_CLASSES)  # steps are timed, not validation
    use_bfloat16 = config.mixed_precision == "auto" and bfloat16_pays(
        network, examples.images[:BATCH], examples.labels[:BATCH], perf_counter
    )
    many_epochs = replace(config, epochs=1000)
    return Trainer(network, examples, few, many_epochs, config.optimizers[0], seed=0, bfloat16=use_bfloat16)


def _network(config: NeuralConfig, examples: Examples) -> Network:
    network = build_network(config.architecture, SHAPE, N_CLASSES, seed=0)
    fit_to_pixels(network, examples.images)
    return network


def _examples(n_steps: int) -> Examples:
    """Pictures for whole minibatches. Noise will do: no step depends on what is to be seen."""
    draws, n = torch.Generator().manual_seed(0), BATCH * n_steps
    images = torch.randint(0, 256, (n, 3, 32, 32), generator=draws, dtype=torch.uint8)
    return Examples(images, torch.randint(0, N_CLASSES, (n,), generator=draws), N_CLASSES)


def _tutorial_pictures(examples: Examples, network: Network) -> Pictures:
    mean, deviation = network.pixels.get_buffer("mean"), network.pixels.get_buffer("deviation")
    return Pictures(examples, MLP.augmentation.crop, mean, deviation)


def _loader(pictures: Pictures) -> DataLoader:
    """In this process: on two cores, worker processes take from the net what they give to the pictures."""
    return DataLoader(pictures, batch_size=BATCH, shuffle=True)


def _widths(config: NeuralConfig) -> tuple[int, ...]:
    if not isinstance(config.architecture, Perceptron):
        raise TypeError(f"the peers are plain perceptrons, got {type(config.architecture).__name__}")
    return config.architecture.widths


def _describe(config: NeuralConfig, bfloat16: bool) -> str:
    sizes = "-".join(map(str, (int(np.prod(SHAPE)), *_widths(config), N_CLASSES)))
    changed = "crops and flips" if config.augmentation.crop else "no augmentation"
    return f"training {sizes}, batch {BATCH}, {changed}, {'bfloat16' if bfloat16 else 'float32'}: steps"


def _useful_operations(network: nn.Module) -> float:
    """Of one step: two a weight and picture forward, two for the weight's gradient, two for the input's gradient,
    which the first layer does not need."""
    sizes = [layer.weight.numel() for layer in network.modules() if isinstance(layer, nn.Linear)]
    return BATCH * (6 * sum(sizes) - 2 * sizes[0])
