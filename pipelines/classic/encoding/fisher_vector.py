"""Encode sets of descriptors as improved Fisher vectors.

With gamma_tk the responsibility of component k for descriptor x_t, of T (eq. 16 and 17 of Sanchez et al. 2013):
    mean part      G_mu_k  = 1 / (T sqrt(w_k))   sum_t gamma_tk (x_t - mu_k) / sigma_k
    variance part  G_sig_k = 1 / (T sqrt(2 w_k)) sum_t gamma_tk ((x_t - mu_k)^2 / sigma_k^2 - 1)
Both follow from S0_k = mean_t gamma_tk and [S1_k, S2_k] = mean_t gamma_tk [x_t, x_t^2]: two matrix products
and a softmax.
"""

from __future__ import annotations

import torch

from bakeoff.pipelines.classic.codebook.gaussian_mixture import GaussianMixture
from bakeoff.pipelines.classic.encoding.descriptor_sets import encode_in_chunks
from bakeoff.pipelines.classic.encoding.normalization import l2_normalize, signed_power
from bakeoff.pipelines.machine.tracing import untraced


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
