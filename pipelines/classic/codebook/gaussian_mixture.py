"""A Gaussian mixture with diagonal covariances, fitted by expectation and maximization.

p(x) = sum_k w_k N(x; mu_k, diag(s2_k)), and log(w_k N) is linear in [x, x^2], so the expectation step is one matrix
product, and so are the sums of the maximization step. Both run piece by piece in the cache.
"""

import math
from dataclasses import dataclass
from functools import partial

import torch

from bakeoff.pipelines.classic.codebook.kmeans import assign_words, fit_kmeans
from bakeoff.pipelines.machine.cores import check_rows, map_on_cores, rows_per_chunk, sample_rows, spans_of
from bakeoff.pipelines.machine.progress import Advance
from bakeoff.pipelines.machine.tracing import is_exporting

# Lloyd iterations for the starting point, on a sample: expectation-maximization refines it anyway.
START_ITERATIONS = 10
START_ROWS_PER_COMPONENT = 256  # as faiss samples for k-means
# The smallest variance in a dimension, as a share of the descriptors' own. Flat patches are nearly equal: with a
# tenth of this, a component of theirs made features of rounding errors.
VARIANCE_FLOOR = 1e-3
# A component with less than this expected number of descriptors has lost them all: it keeps its place.
FEWEST_DESCRIPTORS = 1e-3


@dataclass(frozen=True)
class QuadraticForm:
    """log(w_k N(x; mu_k, s2_k)) = [x - origin, (x - origin)^2] @ weights + bias.

    origin: (d,), the mean of the mixture; it keeps the squares small, which keeps float32 exact enough.
    weights: (2d, k).   bias: (k,).
    """

    origin: torch.Tensor
    weights: torch.Tensor
    bias: torch.Tensor

    def statistics(self, descriptors: torch.Tensor) -> torch.Tensor:
        """[x - origin, (x - origin)^2] of descriptors (n, d): float32 (n, 2d)."""
        if is_exporting():
            centered = descriptors - self.origin
            return torch.cat([centered, centered.square()], dim=1)
        statistics = descriptors.new_empty(len(descriptors), len(self.weights))
        first, second = statistics.chunk(2, dim=1)
        torch.sub(descriptors, self.origin, out=first)
        torch.square(first, out=second)
        return statistics


@dataclass(frozen=True)
class GaussianMixture:
    """k Gaussians with diagonal covariances in d dimensions.

    weights: float32 (k,), positive, sum 1.   means: float32 (k, d).   variances: float32 (k, d), positive.
    log_likelihood: mean natural log-likelihood of a training descriptor at the last expectation step.
    Raises ValueError if the shapes disagree or a weight or variance is not positive.
    """

    weights: torch.Tensor
    means: torch.Tensor
    variances: torch.Tensor
    log_likelihood: float = math.nan

    def __post_init__(self) -> None:
        shapes = [tuple(part.shape) for part in (self.weights, self.means, self.variances)]
        if len(shapes[1]) != 2 or shapes != [shapes[1][:1], shapes[1], shapes[1]]:
            got = ", ".join(map(str, shapes))
            raise ValueError(f"weights, means and variances must have shapes (k,), (k, d), (k, d), got {got}")
        if not (self.weights > 0).all() or not (self.variances > 0).all():
            raise ValueError("weights and variances must be positive, got a value that is not")

    def quadratic_form(self) -> QuadraticForm:
        """The logarithm of each weighted density as a linear function of [x, x^2], worked out in float64."""
        weights, means, variances = self.weights.double(), self.means.double(), self.variances.double()
        origin = weights @ means / weights.sum()
        means = means - origin
        bias = weights.log() - 0.5 * (means.square() / variances + variances.log() + math.log(2 * math.pi)).sum(1)
        linear = torch.cat([means / variances, -0.5 / variances], dim=1).T
        return QuadraticForm(origin.float(), linear.float().contiguous(), bias.float())


# What an expectation step leaves, in float64: sum gamma (k,), sum gamma [x, x^2] (k, 2d), sum log p(x) ().
Sums = tuple[torch.Tensor, ...]


def fit_gaussian_mixture(
    descriptors: torch.Tensor,
    *,
    n_components: int,
    n_iterations: int = 25,
    seed: int,
    start: GaussianMixture | None = None,
    advance: Advance = lambda: None,
) -> GaussianMixture:
    """Fit the mixture by n_iterations of expectation-maximization from a k-means start.

    descriptors: float32 (n, d).
    start: where to start instead of k-means.   advance: called after every iteration.
    The log-likelihood never decreases as long as no variance is at its floor.
    Raises ValueError if there are fewer descriptors than components, or if a descriptor is not finite.
    """
    if n_iterations < 1:
        raise ValueError(f"n_iterations must be at least 1, got {n_iterations}")
    generator = torch.Generator().manual_seed(seed)
    check_rows(descriptors)
    if len(descriptors) < n_components:
        raise ValueError(
            f"n_components must be at most the number of descriptors {len(descriptors)}, got {n_components}"
        )
    sample = sample_rows(descriptors, START_ROWS_PER_COMPONENT * n_components, generator)
    variances = sample.double().var(dim=0, correction=0)
    # Where a dimension is constant, a share of the mean variance, or of 1.
    overall = variances.mean() if variances.mean() > 0 else variances.new_ones(())
    floor = VARIANCE_FLOOR * torch.where(variances > 0, variances, overall)
    mixture = start or _start_from_kmeans(sample, n_components, floor, seed)
    for _ in range(n_iterations):
        form = mixture.quadratic_form()
        parts = zip(*map_on_cores(partial(_expect, form=form), spans_of(descriptors)), strict=True)
        mixture = _maximize(mixture, form.origin, tuple(sum(part) for part in parts), len(descriptors), floor)
        advance()
    return mixture


def _start_from_kmeans(sample: torch.Tensor, n_components: int, floor: torch.Tensor, seed: int) -> GaussianMixture:
    """Weights, means and variances of the k-means clusters of the sample."""
    codebook = fit_kmeans(sample, n_words=n_components, n_iterations=START_ITERATIONS, seed=seed)
    words = assign_words(sample, codebook)
    centers = codebook.centers.double()
    counts = torch.bincount(words, minlength=n_components).double().clamp_(min=1)
    deviations = (sample.double() - centers[words]).square_()
    variances = torch.zeros_like(centers).index_add_(0, words, deviations) / counts[:, None]
    return GaussianMixture((counts / counts.sum()).float(), codebook.centers, torch.maximum(variances, floor).float())


def _expect(span: torch.Tensor, form: QuadraticForm) -> Sums:
    """Responsibilities of some descriptors, and the sums of statistics that they weight."""
    n_components, width = len(form.bias), len(form.weights)
    zeroth, moments = span.new_zeros(n_components), span.new_zeros(n_components, width)
    log_likelihood = 0.0
    for chunk in span.split(rows_per_chunk(4 * (n_components + width), span.device)):
        statistics = form.statistics(chunk)
        gamma = torch.addmm(form.bias, statistics, form.weights)
        highest = gamma.amax(dim=1)
        torch.softmax(gamma, dim=1, out=gamma)
        # log p(x) = log(w_j N_j) - log(gamma_j) for any j; the largest is the safest
        log_likelihood += (highest - gamma.amax(dim=1).log()).sum(dtype=torch.float64).item()
        zeroth += gamma.sum(dim=0)
        moments.addmm_(gamma.T, statistics)
    return zeroth.double(), moments.double(), torch.tensor(log_likelihood, dtype=torch.float64)


def _maximize(
    mixture: GaussianMixture, origin: torch.Tensor, sums: Sums, n_rows: int, floor: torch.Tensor
) -> GaussianMixture:
    """Weights, means and variances that fit the responsibilities best; the moments are about the origin."""
    zeroth, moments, log_likelihood = sums
    alive = (zeroth >= FEWEST_DESCRIPTORS)[:, None]
    mass = zeroth.clamp(min=FEWEST_DESCRIPTORS)
    first, second = (moments / mass[:, None]).chunk(2, dim=1)
    variances = torch.maximum(second - first.square(), floor)
    return GaussianMixture(
        (mass / mass.sum()).float(),
        torch.where(alive, first + origin, mixture.means.double()).float(),
        torch.where(alive, variances, mixture.variances.double()).float(),
        float(log_likelihood) / n_rows,
    )
