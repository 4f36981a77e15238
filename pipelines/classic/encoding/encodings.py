"""Encodings: m descriptors of each of n images in, one row per image out, chunk by chunk; and their normalization.

Bags of visual words, hard or triangle; VLAD; improved Fisher vectors. With gamma_tk the responsibility of component k
for descriptor x_t, of T (eq. 16 and 17 of Sanchez et al. 2013), these are
    mean part      G_mu_k  = 1 / (T sqrt(w_k))   sum_t gamma_tk (x_t - mu_k) / sigma_k
    variance part  G_sig_k = 1 / (T sqrt(2 w_k)) sum_t gamma_tk ((x_t - mu_k)^2 / sigma_k^2 - 1)
Both follow from S0_k = mean_t gamma_tk and [S1_k, S2_k] = mean_t gamma_tk [x_t, x_t^2]: two matrix products
and a softmax.
"""

from collections.abc import Callable
from typing import Literal

import torch

from bakeoff.pipelines.classic.codebook.gaussian_mixture import GaussianMixture
from bakeoff.pipelines.classic.codebook.kmeans import Codebook
from bakeoff.pipelines.machine.cores import check_finite, map_on_cores, rows_per_chunk
from bakeoff.pipelines.machine.tracing import is_exporting, untraced

CHUNKS_PER_TASK = 4  # enough to hide the start of a task, few enough to keep all cores busy to the end

# Encodes descriptors (b, m, d), m > 0, into the rows (b, width) of its second argument, which hold nothing yet.
EncodeChunk = Callable[[torch.Tensor, torch.Tensor], None]


def encode_in_chunks(
    descriptors: torch.Tensor, encode_chunk: EncodeChunk, *, dimension: int, width: int, floats_per_descriptor: int
) -> torch.Tensor:
    """Encode the images in chunks whose intermediate values stay in the cache, spread over the cores.

    descriptors: float32 (n, m, dimension).   floats_per_descriptor: intermediate values that encode_chunk makes.
    Returns float32 (n, width); zeros if m == 0.
    Raises ValueError if the shape or dtype is off, or a descriptor is not finite.
    """
    if descriptors.ndim != 3 or descriptors.shape[2] != dimension or descriptors.dtype != torch.float32:
        raise ValueError(
            f"descriptors must be float32 (n, m, {dimension}) to match the codebook or mixture, "
            f"got {descriptors.dtype} {tuple(descriptors.shape)}"
        )
    n_images, n_descriptors, _ = descriptors.shape
    if n_images == 0 or n_descriptors == 0:
        return descriptors.new_zeros(n_images, width)
    encodings = descriptors.new_empty(n_images, width)
    floats_per_image = n_descriptors * floats_per_descriptor + 2 * width  # the encoding, and what becomes it
    if is_exporting():
        encode_chunk(descriptors, encodings)
        return encodings
    chunk_images = rows_per_chunk(4 * floats_per_image, descriptors.device)

    def encode_task(task: tuple[torch.Tensor, torch.Tensor]) -> None:
        for chunk, rows in zip(task[0].split(chunk_images), task[1].split(chunk_images), strict=True):
            check_finite(chunk)
            encode_chunk(chunk, rows)

    task_images = chunk_images * CHUNKS_PER_TASK if descriptors.device.type == "cpu" else n_images
    map_on_cores(encode_task, zip(descriptors.split(task_images), encodings.split(task_images), strict=True))
    return encodings


def signed_power(encodings: torch.Tensor) -> torch.Tensor:
    """sign(z) |z|^(1/2), element by element. Source: Perronnin, Sanchez, Mensink, ECCV 2010, eq. 9."""
    return encodings.abs().sqrt_().copysign_(encodings)


def l2_normalize(encodings: torch.Tensor, *, out: torch.Tensor | None = None) -> torch.Tensor:
    """Scale each row (..., d) to unit Euclidean length; a row of zeros stays a row of zeros."""
    norms = torch.linalg.vector_norm(encodings, dim=-1, keepdim=True)
    return torch.div(encodings, torch.where(norms > 0, norms, 1.0), out=out)


def encode_bag_of_words(
    descriptors: torch.Tensor, codebook: Codebook, *, assignment: Literal["hard", "triangle"] = "hard"
) -> torch.Tensor:
    """Encode each image's descriptors as the mean of their assignments to the words.

    descriptors: float32 (n, m, d): m descriptors of each of n images.   codebook: k words in d dimensions.
    assignment, of descriptor x at distances z_j = |x - c_j|:
        hard      1 for the nearest word, 0 for the others: the normalized histogram, whose rows sum to 1
        triangle  max(0, mean(z) - z_j) (Coates, Ng, Lee, AISTATS 2011)
    Returns float32 (n, k); zeros if m == 0.
    Raises ValueError if d differs from the codebook's, or a descriptor is not finite.
    """
    norms, transposed = codebook.centers.square().sum(dim=1), codebook.centers.T.contiguous()

    def encode_hard(sets: torch.Tensor, encodings: torch.Tensor) -> None:
        words = codebook.nearest(sets.flatten(0, 1)).view(sets.shape[:2])
        encodings.zero_().scatter_add_(1, words, encodings.new_full(words.shape, 1 / sets.shape[1]))

    def encode_triangle(sets: torch.Tensor, encodings: torch.Tensor) -> None:
        rows = sets.flatten(0, 1)
        # z^2 = |x|^2 + |c|^2 - 2 x.c
        distances = torch.addmm(norms, rows, transposed, alpha=-2).add_(rows.square().sum(dim=1, keepdim=True))
        distances = distances.clamp_(min=0).sqrt_()
        activations = torch.sub(distances.mean(dim=1, keepdim=True), distances, out=distances).clamp_(min=0)
        torch.mean(activations.view(*sets.shape[:2], -1), dim=1, out=encodings)

    return encode_in_chunks(
        descriptors,
        {"hard": encode_hard, "triangle": encode_triangle}[assignment],
        dimension=codebook.dimension,
        width=codebook.n_words,
        floats_per_descriptor=codebook.n_words,
    )


def encode_vlad(descriptors: torch.Tensor, codebook: Codebook) -> torch.Tensor:
    """Encode each image as the sums, word by word, of x - c over the descriptors x nearest to the word's center c.

    descriptors: float32 (n, m, d): m descriptors of each of n images.   codebook: k words in d dimensions.
    Returns float32 (n, k*d), each word's part of unit length first, so that none that fires often outweighs the others
        (Arandjelovic, Zisserman, CVPR 2013), then all; zeros if m == 0.
    Raises ValueError if d differs from the codebook's, or a descriptor is not finite.
    """
    n_words, dimension = codebook.centers.shape

    def encode_chunk(chunk: torch.Tensor, encodings: torch.Tensor) -> None:
        rows = chunk.reshape(-1, dimension)
        words = codebook.nearest(rows)
        images = torch.arange(chunk.shape[0], device=chunk.device).repeat_interleave(chunk.shape[1])
        residuals = rows - codebook.centers[words]
        sums = encodings.zero_().view(-1, n_words, dimension)
        sums.view(-1, dimension).index_add_(0, images * n_words + words, residuals)
        l2_normalize(l2_normalize(sums).flatten(1), out=encodings)

    return encode_in_chunks(
        descriptors,
        encode_chunk,
        dimension=dimension,
        width=n_words * dimension,
        floats_per_descriptor=n_words + 2 * dimension,
    )


def encode_fisher_vector(
    descriptors: torch.Tensor, mixture: GaussianMixture, *, normalize: bool = True
) -> torch.Tensor:
    """Encode each image's descriptors as an improved Fisher vector.

    descriptors: float32 (n, m, d): m descriptors of each of n images.   mixture: k components in d dimensions.
    normalize: apply the signed square root and scale to unit L2 norm (the "improved" vector).
    Returns float32 (n, 2*k*d): the mean part (k, d), then the variance part (k, d); zeros if m == 0.
    Raises ValueError if d differs from the mixture's, or a descriptor is not finite.
    Source: Perronnin, Sanchez, Mensink, ECCV 2010. Differs: no gradient for the mixture weights. skimage's
    fisher_vector(improved=True) has that gradient (k values) in front, and the variance part with the opposite sign.
    """
    n_components, dimension = mixture.means.shape
    with untraced():
        gradients = _FisherGradients(mixture, descriptors.shape[-2])

    def encode_chunk(chunk: torch.Tensor, encodings: torch.Tensor) -> None:
        gradients.write(chunk, encodings)
        if normalize:
            l2_normalize(signed_power(encodings), out=encodings)

    return encode_in_chunks(
        descriptors,
        encode_chunk,
        dimension=dimension,
        width=2 * n_components * dimension,
        floats_per_descriptor=2 * dimension + n_components,
    )


class _FisherGradients:
    """The mixture in the form that the two matrix products need, the factors of the gradients worked out.

    With sums in place of the means S0, S1, S2: G_mu = S1 a + S0 b and G_sig = S2 c + S1 e + S0 f, factors (k, d).
    """

    def __init__(self, mixture: GaussianMixture, n_descriptors: int) -> None:
        self.form = mixture.quadratic_form()
        weights, variances = mixture.weights.double()[:, None], mixture.variances.double()
        means = mixture.means.double() - self.form.origin.double()
        per_mean = 1 / (n_descriptors * (weights * variances).sqrt())
        per_variance = 1 / (n_descriptors * (2 * weights).sqrt() * variances)
        self.mean_factors = [factor.float() for factor in (per_mean, -means * per_mean)]
        self.variance_factors = [
            factor.float()
            for factor in (per_variance, -2 * means * per_variance, (means.square() - variances) * per_variance)
        ]

    def write(self, descriptors: torch.Tensor, encodings: torch.Tensor) -> None:
        """Write the gradients of descriptors (n, m, d) into encodings (n, 2kd)."""
        n_images, n_descriptors, dimension = descriptors.shape
        statistics = self.form.statistics(descriptors.reshape(-1, dimension))  # (n * m, 2d)
        gamma = torch.addmm(self.form.bias, statistics, self.form.weights)
        gamma = torch.softmax(gamma, dim=1, out=gamma).view(n_images, n_descriptors, -1)
        zeroth = gamma.sum(dim=1)[:, :, None]  # (n, k, 1)
        moments = torch.bmm(gamma.transpose(1, 2), statistics.view(n_images, n_descriptors, -1))
        first, second = moments.split(dimension, dim=2)  # (n, k, d) each
        means, variances = encodings.view(n_images, 2, -1, dimension).unbind(dim=1)
        torch.mul(first, self.mean_factors[0], out=means)
        means.addcmul_(zeroth, self.mean_factors[1])
        torch.mul(second, self.variance_factors[0], out=variances)
        variances.addcmul_(first, self.variance_factors[1]).addcmul_(zeroth, self.variance_factors[2])
