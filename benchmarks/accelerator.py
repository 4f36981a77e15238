"""The kernels on an accelerator, beside the same ones on this machine's processor or the same formula in plain torch.

Not beside cuML or faiss-gpu: what is compared with must be what everyone who has the device can install.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from bakeoff.benchmarks.bench import Measurement, compare
from bakeoff.pipelines.classic.codebook.gaussian_mixture import GaussianMixture
from bakeoff.pipelines.classic.codebook.kmeans import fit_kmeans
from bakeoff.pipelines.classic.encoding.encodings import encode_fisher_vector
from bakeoff.pipelines.classic.features.dense_sift import extract_dense_sift
from bakeoff.pipelines.classic.features.hog import extract_hog
from bakeoff.pipelines.classic.svm.linear_svm import train_linear_svm
from bakeoff.pipelines.machine.device import CPU, choose_device, exact_products, wait_for
from bakeoff.pipelines.results.fitted_values import on_device
from bakeoff.pipelines.results.run import NotApplicableError

PROCESSOR = "the same on the processor"


def measure(kernel: str, sizes: tuple[int, ...]) -> Measurement:
    """Raises NotApplicableError where there is no accelerator."""
    if (device := choose_device()) == CPU:
        raise NotApplicableError("there is no accelerator here")
    return measure_on(device, kernel, sizes)


@exact_products()
def measure_on(device: torch.device, kernel: str, sizes: tuple[int, ...]) -> Measurement:
    """max_abs_error: of a feature, an encoding, a center or a weight."""
    generator = torch.Generator().manual_seed(0)
    work, units, ours, peer, their_call = CASES[kernel][0](device, generator, sizes)

    def finished(call: Callable[[], Tensor]) -> Tensor:
        """The call, waited for."""
        found = call()
        wait_for(device)
        return found

    return compare(
        f"{kernel}, {work}, on {device.type}",
        partial(finished, ours),
        peer,
        partial(finished, their_call),
        lambda found, theirs: float((found[: len(theirs)].cpu() - theirs.cpu()).abs().max()),
        units=units,
        repeats=3,
    )


# What is done, units of work of a call of ours and of the peer's, our call, the peer and its call.
Case = tuple[str, tuple[int, int], Callable[[], Tensor], str, Callable[[], Tensor]]


def _features(
    extract: Callable[[Tensor], Tensor], device: torch.device, generator: torch.Generator, sizes: tuple[int, ...]
) -> Case:
    n, side = sizes
    images = torch.randint(0, 256, (n, side, side, 3), generator=generator, dtype=torch.uint8)
    ours = partial(extract, images.to(device))
    return f"{side} x {side}: pictures", (n, n), ours, PROCESSOR, partial(extract, images)


def _fisher(device: torch.device, generator: torch.Generator, sizes: tuple[int, ...]) -> Case:
    n, n_plain, m, d, k = sizes
    means, variances = torch.randn(k, d, generator=generator), torch.rand(k, d, generator=generator) + 0.5
    mixture = on_device(GaussianMixture(torch.full((k,), 1 / k), means, variances), device)
    sets = torch.randn(n, m, d, generator=generator).to(device)

    def plain() -> Tensor:
        x, weights = sets[:n_plain, :, None], mixture.weights[:, None]
        standard = (x - mixture.means) / mixture.variances.sqrt()  # (n, m, k, d)
        gamma = (-(standard.square() + mixture.variances.log()).sum(-1) / 2).softmax(2)[..., None]
        first = (gamma * standard).mean(1) / weights.sqrt()
        second = (gamma * (standard.square() - 1)).mean(1) / (2 * weights).sqrt()
        return torch.cat([first.flatten(1), second.flatten(1)], 1)

    ours = partial(encode_fisher_vector, sets, mixture, normalize=False)
    return f"K={k}, D={d}, {m} descriptors", (n, n_plain), ours, "plain torch there", plain


def _kmeans(device: torch.device, generator: torch.Generator, sizes: tuple[int, ...]) -> Case:
    n, d, n_words, n_iterations = sizes
    rows = torch.randn(n, d, generator=generator).to(device)
    start = rows[:n_words].clone()

    def plain() -> Tensor:
        centers = start
        for _ in range(n_iterations):
            words = torch.cdist(rows, centers).argmin(1)
            counts = words.bincount(minlength=n_words).clamp(min=1)[:, None]
            centers = torch.zeros_like(centers).index_add_(0, words, rows) / counts
        return centers

    def ours() -> Tensor:
        return fit_kmeans(rows, n_words=n_words, n_iterations=n_iterations, seed=0, initialization=start).centers

    return f"{n} x {d}, {n_words} words, {n_iterations} iterations", (1, 1), ours, "plain torch there", plain


def _svm(device: torch.device, generator: torch.Generator, sizes: tuple[int, ...]) -> Case:
    n, d, n_classes = sizes
    labels = torch.arange(n) % n_classes
    noise = torch.randn(n, d, generator=generator)
    features = torch.nn.functional.normalize(noise + torch.nn.functional.one_hot(labels, d)).half()

    def weights(where: Tensor) -> Tensor:
        return torch.from_numpy(train_linear_svm(where, labels, n_classes=n_classes, C=1.0).weights)

    ours = partial(weights, features.to(device))
    return f"{n} x {d}, {n_classes} classes", (1, 1), ours, PROCESSOR, partial(weights, features)


# Of each kernel, its case and the sizes of its work.
CASES: dict[str, tuple[Callable[[torch.device, torch.Generator, tuple[int, ...]], Case], tuple[int, ...]]] = {
    "HOG, cells of 4 px": (partial(_features, partial(extract_hog, cell_size=4)), (4096, 32)),  # pictures, their side
    "dense SIFT, bins of 4 px, stride 2": (
        partial(_features, partial(extract_dense_sift, bin_size=4, stride=2)),
        (4096, 32),
    ),
    "Fisher vectors": (_fisher, (2048, 16, 200, 66, 256)),  # sets, as many as plain torch has room for, m, d, Gaussians
    "k-means": (_kmeans, (500_000, 64, 1024, 10)),  # rows, dimensions, words, iterations
    "linear SVM": (_svm, (20_000, 8192, 10)),  # rows, dimensions, classes
}
SETTINGS = tuple((kernel, sizes) for kernel, (_, sizes) in CASES.items())
