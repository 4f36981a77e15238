"""Improved Fisher vectors against scikit-image, which takes one picture a call, in float64."""

import numpy as np
import torch
from skimage.feature import fisher_vector as skimage_fisher_vector
from sklearn.mixture import GaussianMixture as SklearnMixture

from bakeoff.benchmarks.bench import Measurement, compare
from bakeoff.pipelines.classic.codebook.gaussian_mixture import GaussianMixture
from bakeoff.pipelines.classic.encoding.encodings import encode_fisher_vector

SETTINGS = ((400, 100, 64, 64),)  # pictures, descriptors of each, Gaussians, dimensions


def measure(n_images: int, n_descriptors: int, n_components: int, dimension: int) -> Measurement:
    """The vectors are compared before the signed root, without scikit-image's gradients of the weights, and with the
    sign of its gradients of the variances turned."""
    generator = torch.Generator().manual_seed(0)
    mixture = GaussianMixture(
        torch.full((n_components,), 1 / n_components),
        torch.randn(n_components, dimension, generator=generator),
        torch.rand(n_components, dimension, generator=generator) + 0.5,
    )
    descriptors = torch.randn(n_images, n_descriptors, dimension, generator=generator)
    peer = SklearnMixture(n_components, covariance_type="diag")
    peer.weights_, peer.means_, peer.covariances_ = (
        part.double().numpy() for part in (mixture.weights, mixture.means, mixture.variances)
    )
    peer.precisions_cholesky_ = 1 / np.sqrt(peer.covariances_)
    few = n_images // 10  # scikit-image's rate does not depend on the number of pictures
    theirs = [image.double().numpy() for image in descriptors[:few]]
    expected = np.stack([skimage_fisher_vector(image, peer)[n_components:] for image in theirs])
    expected[:, n_components * dimension :] *= -1
    found = encode_fisher_vector(descriptors[:few], mixture, normalize=False).numpy()
    return compare(
        f"improved Fisher vector, K={n_components}, D={dimension}, {n_descriptors} descriptors",
        lambda: encode_fisher_vector(descriptors, mixture),
        "skimage.feature.fisher_vector",
        lambda: [skimage_fisher_vector(image, peer, improved=True) for image in theirs],
        lambda *_: np.abs(found - expected).max(),
        units=(n_images, few),
        # two products (m, 2d) x (2d, k) and (k, m) x (m, 2d), 2 operations a term
        operations=8 * n_images * n_descriptors * dimension * n_components,
    )
