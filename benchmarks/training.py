"""Benchmark of training steps of a perceptron beside scikit-learn and the usual torch loop, net and batch alike."""

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
from bakeoff.pipelines.neural.cost import count_flops
from bakeoff.pipelines.neural.experiments import MLP
from bakeoff.pipelines.neural.networks.build import Network, build_network, fit_to_pixels
from bakeoff.pipelines.neural.networks.mlp import Perceptron
from bakeoff.pipelines.neural.probing import bfloat16_pays
from bakeoff.pipelines.neural.training.examples import LEAST_STEPS_A_PASS, Examples
from bakeoff.pipelines.neural.training.loop import Trainer
from bakeoff.pipelines.neural.training.optimizers import build_optimizer

SHAPE, N_CLASSES = (32, 32, 3), 10
PEER_STEPS = 4  # a call; fewer than ours, for the peers take seconds
# scikit-learn has no batch norm.
PLAIN = replace(
    MLP, architecture=Perceptron((1024, 1024, 1024), normalization="none"), augmentation=Augmentation("none", 0)
)
WIDE = replace(MLP, architecture=Perceptron((2048, 2048), normalization="none"), mixed_precision="off")


class Pictures(TorchDataset):
    """What a tutorial writes: one picture at a time, cropped, flipped and standardized."""

    def __init__(self, examples: Examples, largest_shift: int, standardize: nn.Module) -> None:
        self.examples, self.largest_shift, self.standardize = examples, largest_shift, standardize

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        pad, (height, width) = self.largest_shift, self.examples.images.shape[2:]
        padded = nn.functional.pad(self.examples.images[index].float(), (pad, pad, pad, pad), mode="reflect")
        down, right = torch.randint(2 * pad + 1, (2,)).tolist()
        picture = padded[:, down : down + height, right : right + width]
        return self.standardize(picture.flip(2) if torch.rand(()) < 0.5 else picture), self.examples.labels[index]


def measure() -> list[Measurement]:
    """Steps a second of the whole training, augmentation, net and optimizer."""
    make_repeatable()
    return [_against_loader(MLP), _against_loader(WIDE), _against_sklearn(PLAIN)]


def _against_loader(config: NeuralConfig) -> Measurement:
    trainer, network = _trainer(config), _network(config)
    pictures = Pictures(_examples(config, PEER_STEPS), config.augmentation.crop, network.pixels)
    # In this process: on two cores, worker processes take from the net what they give to the pictures.
    loader = DataLoader(pictures, batch_size=config.batch_size, shuffle=True)
    optimizer = build_optimizer(network, config.optimizers[0])

    def peer() -> None:
        for images, labels in loader:
            loss = nn.functional.cross_entropy(network.body(images), labels, label_smoothing=config.label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    images = trainer.train.images[:8]
    with torch.inference_mode():  # both start with the same weights
        error = (trainer.network(images) - network(images)).abs().max().item()
    return _steps(trainer, "torch Dataset + DataLoader loop, float32", peer, error)


def _against_sklearn(config: NeuralConfig) -> Measurement:
    """On pictures as they are."""
    trainer, network = _trainer(config), _network(config)  # with the same first weights
    with torch.inference_mode():
        pixels, labels = network.pixels(trainer.train.images).flatten(1).numpy(), trainer.train.labels.numpy()
    peer = MLPClassifier(_widths(config), batch_size=config.batch_size, max_iter=1, random_state=0)
    few = slice(PEER_STEPS * config.batch_size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # one pass is what we ask for
        peer.partial_fit(pixels, labels, classes=np.arange(N_CLASSES))
        error = _difference_with_the_same_weights(network, peer, trainer.train.images[:64], pixels[:64])
        name = "sklearn.neural_network.MLPClassifier, float32"
        return _steps(trainer, name, lambda: peer.partial_fit(pixels[few], labels[few]), error)


def _steps(trainer: Trainer, name: str, peer: Callable[[], object], error: float) -> Measurement:
    """error: found before either trained."""
    config = trainer.config
    sizes = "-".join(map(str, (int(np.prod(SHAPE)), *_widths(config), N_CLASSES)))
    changed = "crops and flips" if config.augmentation.crop else "no augmentation"
    precision = "bfloat16" if trainer.bfloat16 else "float32"
    flops = 0 if trainer.bfloat16 else count_flops(config, SHAPE, N_CLASSES, training=True)
    return compare(
        f"training {sizes}, batch {config.batch_size}, {changed}, {precision}: steps",
        trainer.run_epoch,
        name,
        peer,
        lambda *_: error,
        units=(LEAST_STEPS_A_PASS, PEER_STEPS),
        operations=flops * config.batch_size * LEAST_STEPS_A_PASS,
        repeats=3,
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


def _trainer(config: NeuralConfig) -> Trainer:
    examples, network = _examples(config, LEAST_STEPS_A_PASS), _network(config)
    few = Examples(examples.images[:10], examples.labels[:10], N_CLASSES)  # steps are timed, not validation
    batch = examples.images[: config.batch_size], examples.labels[: config.batch_size]
    bfloat16 = config.mixed_precision == "auto" and bfloat16_pays(network, *batch, perf_counter)
    return Trainer(network, examples, few, replace(config, epochs=1000), seed=0, bfloat16=bfloat16)


def _network(config: NeuralConfig) -> Network:
    network = build_network(config.architecture, SHAPE, N_CLASSES, seed=0)
    fit_to_pixels(network, _examples(config, LEAST_STEPS_A_PASS).images)
    return network


def _examples(config: NeuralConfig, n_steps: int) -> Examples:
    """Pictures for whole minibatches. Noise will do: no step depends on what is to be seen."""
    draws, n = torch.Generator().manual_seed(0), config.batch_size * n_steps
    images = torch.randint(0, 256, (n, 3, 32, 32), generator=draws, dtype=torch.uint8)
    return Examples(images, torch.randint(0, N_CLASSES, (n,), generator=draws), N_CLASSES)


def _widths(config: NeuralConfig) -> tuple[int, ...]:
    if not isinstance(config.architecture, Perceptron):
        raise TypeError(f"the peers are plain perceptrons, got {type(config.architecture).__name__}")
    return config.architecture.widths
