"""Training steps of a perceptron beside scikit-learn and the usual torch loop, net and batch alike."""

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

from bakeoff.benchmarks.bench import Measurement, compare
from bakeoff.pipelines.machine.device import make_repeatable
from bakeoff.pipelines.neural.config import MLP, Augmentation, NeuralConfig
from bakeoff.pipelines.neural.flops import count_flops
from bakeoff.pipelines.neural.networks.build import Network, build_network, fit_to_pixels
from bakeoff.pipelines.neural.networks.perceptrons import Perceptron
from bakeoff.pipelines.neural.probing import bfloat16_pays
from bakeoff.pipelines.neural.training.loop import Trainer
from bakeoff.pipelines.neural.training.minibatches import LEAST_STEPS_A_PASS, Examples
from bakeoff.pipelines.neural.training.optimizers import build_optimizer

SHAPE, N_CLASSES = (32, 32, 3), 10
PEER_STEPS = 4  # a call; fewer than ours, for the peers take seconds
LOADER, SKLEARN = "torch Dataset + DataLoader loop, float32", "sklearn.neural_network.MLPClassifier, float32"
WIDE = replace(MLP, architecture=Perceptron((2048, 2048), normalization="none"), mixed_precision="off")
# scikit-learn has no batch norm.
PLAIN = replace(
    MLP, architecture=Perceptron((1024, 1024, 1024), normalization="none"), augmentation=Augmentation("none", 0)
)
SETTINGS = ((MLP, LOADER), (WIDE, LOADER), (PLAIN, SKLEARN))


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


def measure(config: NeuralConfig, peer: str) -> Measurement:
    """Steps a second of the whole training, augmentation, net and optimizer; both start with the same weights, and the
    error is the largest difference before either trained."""
    make_repeatable()
    architecture, batch = config.architecture, config.batch_size
    assert isinstance(architecture, Perceptron)
    examples, network = _examples(batch * LEAST_STEPS_A_PASS), _network(config)
    few = Examples(examples.images[:10], examples.labels[:10], N_CLASSES)  # steps are timed, not validation
    first = examples.images[:batch], examples.labels[:batch]
    bfloat16 = config.mixed_precision == "auto" and bfloat16_pays(network, *first, perf_counter)
    trainer = Trainer(network, examples, few, replace(config, epochs=1000), seed=0, bfloat16=bfloat16)
    step, error = (_loader_steps if peer == LOADER else _sklearn_steps)(trainer, _network(config))
    sizes = "-".join(map(str, (int(np.prod(SHAPE)), *architecture.widths, N_CLASSES)))
    changed = "crops and flips" if config.augmentation.crop else "no augmentation"
    flops = 0 if bfloat16 else count_flops(config, SHAPE, N_CLASSES, training=True)
    return compare(
        f"training {sizes}, batch {batch}, {changed}, {'bfloat16' if bfloat16 else 'float32'}: steps",
        trainer.run_epoch,
        peer,
        step,
        lambda *_: error,
        units=(LEAST_STEPS_A_PASS, PEER_STEPS),
        operations=flops * batch * LEAST_STEPS_A_PASS,
        repeats=3,
    )


def _loader_steps(trainer: Trainer, network: Network) -> tuple[Callable[[], object], float]:
    config = trainer.config
    pictures = Pictures(_examples(config.batch_size * PEER_STEPS), config.augmentation.crop, network.pixels)
    # In this process: on two cores, worker processes take from the net what they give to the pictures.
    loader = DataLoader(pictures, batch_size=config.batch_size, shuffle=True)
    optimizer = build_optimizer(network, config.optimizers[0])

    def steps() -> None:
        for images, labels in loader:
            loss = nn.functional.cross_entropy(network.body(images), labels, label_smoothing=config.label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    images = trainer.train.images[:8]
    with torch.inference_mode():
        return steps, (trainer.network(images) - network(images)).abs().max().item()


def _sklearn_steps(trainer: Trainer, network: Network) -> tuple[Callable[[], object], float]:
    """On pictures as they are."""
    config, images, few = trainer.config, trainer.train.images, slice(PEER_STEPS * trainer.config.batch_size)
    with torch.inference_mode():
        pixels, labels = network.pixels(images).flatten(1).numpy(), trainer.train.labels.numpy()
        ours = network(images[:64]).softmax(dim=1).numpy()
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    widths = [layer.out_features for layer in layers[:-1]]
    peer = MLPClassifier(widths, batch_size=config.batch_size, max_iter=1, random_state=0)

    def steps() -> None:
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # one pass is what we ask for
            peer.partial_fit(pixels[few], labels[few], classes=np.arange(N_CLASSES))

    steps()
    for layer, weights, bias in zip(layers, peer.coefs_, peer.intercepts_, strict=True):
        weights[...], bias[...] = layer.weight.detach().numpy().T, layer.bias.detach().numpy()
    return steps, float(np.abs(ours - peer.predict_proba(pixels[:64])).max())


def _network(config: NeuralConfig) -> Network:
    network = build_network(config.architecture, SHAPE, N_CLASSES, seed=0)
    fit_to_pixels(network, _examples(config.batch_size * LEAST_STEPS_A_PASS).images)
    return network


def _examples(n: int) -> Examples:
    """Noise will do: no step depends on what is to be seen."""
    draws = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (n, 3, 32, 32), generator=draws, dtype=torch.uint8)
    return Examples(images, torch.randint(0, N_CLASSES, (n,), generator=draws), N_CLASSES)
