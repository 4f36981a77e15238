"""The kernels on an accelerator, beside the same ones on this machine's processor or the same formula in plain torch.

Not beside cuML or faiss-gpu: what is compared with must be what everyone who has the device can install.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from bakeoff.benchmarks.measurement import Measurement, compare
from bakeoff.pipelines.classic.codebook.gaussian_mixture import GaussianMixture
from bakeoff.pipelines.classic.codebook.kmeans import fit_kmeans
from bakeoff.pipelines.classic.encoding.fisher_vector import encode_fisher_vector
from bakeoff.pipelines.classic.features.dense_sift import extract_dense_sift
from bakeoff.pipelines.classic.features.hog import extract_hog
from bakeoff.pipelines.classic.svm.linear_svm import train_linear_svm
from bakeoff.pipelines.machine.device import CPU, choose_device, exact_products, wait_for
from bakeoff.pipelines.results.fitted_values import on_device
from bakeoff.pipelines.results.run import NotApplicableError

N_PICTURES, SIDE = 4096, 32
N_SETS, FEW_SETS, N_DESCRIPTORS, DIMENSION, N_GAUSSIANS = 2048, 16, 200, 66, 256  # plain torch has room for few
N_ROWS, WIDTH, N_WORDS, N_ITERATIONS = 500_000, 64, 1024, 10
N_TRAIN, N_FEATURES, N_CLASSES = 20_000, 8192, 10
PROCESSOR = "the same on the processor"


def measure() -> list[Measurement]:
    """One line a kernel. Raises NotApplicableError where there is no accelerator."""
    if (device := choose_device()) == CPU:
        raise NotApplicableError("there is no accelerator here")
    return measure_on(device)


@exact_products()
def measure_on(device: torch.device) -> list[Measurement]:
    return [*_features(device), _fisher(device), _kmeans(device), _svm(device)]


def _on(device: torch.device, call: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """The call, waited for."""

    def finished() -> Tensor:
        found = call()
        wait_for(device)
        return found

    return finished


def _difference(ours: Tensor, theirs: Tensor) -> float:
    return float((ours.cpu() - theirs.cpu()).abs().max())


def _features(device: torch.device) -> list[Measurement]:
    images = torch.randint(0, 256, (N_PICTURES, SIDE, SIDE, 3), generator=_generator(), dtype=torch.uint8)
    there = images.to(device)
    kernels = {
        "HOG, cells of 4 px": partial(extract_hog, cell_size=4),
        "dense SIFT, bins of 4 px, stride 2": partial(extract_dense_sift, bin_size=4, stride=2),
    }
    return [
        compare(
            f"{name}, {SIDE} x {SIDE}, on {device.type}: pictures",
            _on(device, partial(kernel, there)),
            PROCESSOR,
            partial(kernel, images),
            _difference,
            units=(N_PICTURES, N_PICTURES),
            repeats=3,
        )
        for name, kernel in kernels.items()
    ]


def _fisher(device: torch.device) -> Measurement:
    generator = _generator()
    means = torch.randn(N_GAUSSIANS, DIMENSION, generator=generator)
    variances = torch.rand(N_GAUSSIANS, DIMENSION, generator=generator) + 0.5
    mixture = on_device(GaussianMixture(torch.full((N_GAUSSIANS,), 1 / N_GAUSSIANS), means, variances), device)
    sets = torch.randn(N_SETS, N_DESCRIPTORS, DIMENSION, generator=generator).to(device)

    def plain() -> Tensor:
        x, weights = sets[:FEW_SETS, :, None], mixture.weights[:, None]
        standard = (x - mixture.means) / mixture.variances.sqrt()  # (n, m, k, d)
        gamma = (-(standard.square() + mixture.variances.log()).sum(-1) / 2).softmax(2)[..., None]
        first = (gamma * standard).mean(1) / weights.sqrt()
        second = (gamma * (standard.square() - 1)).mean(1) / (2 * weights).sqrt()
        return torch.cat([first.flatten(1), second.flatten(1)], 1)

    encode = partial(encode_fisher_vector, sets, mixture, normalize=False)
    return compare(
        f"Fisher vectors, K={N_GAUSSIANS}, D={DIMENSION}, {N_DESCRIPTORS} descriptors, on {device.type}",
        _on(device, encode),
        "plain torch there",
        _on(device, plain),
        lambda ours, theirs: _difference(ours[:FEW_SETS], theirs),
        units=(N_SETS, FEW_SETS),
        repeats=5,
    )


def _kmeans(device: torch.device) -> Measurement:
    rows = torch.randn(N_ROWS, WIDTH, generator=_generator()).to(device)
    start = rows[:N_WORDS].clone()

    def plain() -> Tensor:
        centers = start
        for _ in range(N_ITERATIONS):
            words = torch.cdist(rows, centers).argmin(1)
            counts = words.bincount(minlength=N_WORDS).clamp(min=1)[:, None]
            centers = torch.zeros_like(centers).index_add_(0, words, rows) / counts
        return centers

    fit = partial(fit_kmeans, rows, n_words=N_WORDS, n_iterations=N_ITERATIONS, seed=0, initialization=start)
    return compare(
        f"k-means, {N_ROWS} x {WIDTH}, {N_WORDS} words, {N_ITERATIONS} iterations, on {device.type}",
        _on(device, lambda: fit().centers),
        "plain torch there",
        _on(device, plain),
        _difference,
        repeats=3,
    )


def _svm(device: torch.device) -> Measurement:
    labels = torch.arange(N_TRAIN) % N_CLASSES
    noise = torch.randn(N_TRAIN, N_FEATURES, generator=_generator())
    features = torch.nn.functional.normalize(noise + torch.nn.functional.one_hot(labels, N_FEATURES)).half()

    def weights(where: Tensor) -> Tensor:
        return torch.from_numpy(train_linear_svm(where, labels, n_classes=N_CLASSES, C=1.0).weights)

    return compare(
        f"linear SVM, {N_TRAIN} x {N_FEATURES}, {N_CLASSES} classes, on {device.type}; error of a weight",
        _on(device, partial(weights, features.to(device))),
        PROCESSOR,
        partial(weights, features),
        _difference,
        repeats=3,
    )


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
