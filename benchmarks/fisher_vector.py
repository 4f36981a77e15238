"""Benchmark of improved Fisher vectors against scikit-image."""

from __future__ import annotations

import numpy as np
import torch
from skimage.feature import fisher_vector as skimage_fisher_vector
from sklearn.mixture import GaussianMixture as SklearnMixture

from bakeoff.benchmarks.measurement import Measurement, compare
from bakeoff.pipelines.classic.codebook.gaussian_mixture import GaussianMixture
from bakeoff.pipelines.classic.encoding.fisher_vector import encode_fisher_vector

N_IMAGES, N_DESCRIPTORS, N_COMPONENTS, DIMENSION = 400, 100, 64, 64


def measure() -> list[Measurement]:
    """Pictures a second, K = 64, D = 64, 100 descriptors each; scikit-image takes one picture a call, in float64.

    Both vectors are compared before the signed root, without scikit-image's weight gradients and with the sign of its
    variance gradients turned.
    """
    generator = torch.Generator().manual_seed(0)
    mixture = GaussianMixture(
        torch.full((N_COMPONENTS,), 1 / N_COMPONENTS),
        torch.randn(N_COMPONENTS, DIMENSION, generator=generator),
        torch.rand(N_COMPONENTS, DIMENSION, generator=generator) + 0.5,
    )
    descriptors = torch.randn(N_IMAGES, N_DESCRIPTORS, DIMENSION, generator=generator)
    peer = _as_sklearn(mixture)
    few = N_IMAGES // 10  # scikit-image's rate does not depend on the number of pictures
    theirs = [image.double().numpy() for image in descriptors[:few]]
    expected = np.stack([skimage_fisher_vector(image, peer)[N_COMPONENTS:] for image in theirs])
    expected[:, N_COMPONENTS * DIMENSION :] *= -1
    found = encode_fisher_vector(descriptors[:few], mixture, normalize=False).numpy()
    return [
        compare(
            f"improved Fisher vector, K={N_COMPONENTS}, D={DIMENSION}, {N_DESCRIPTORS} descriptors",
            lambda: encode_fisher_vector(descriptors, mixture),
            "skimage.feature.fisher_vector",
            lambda: [skimage_fisher_vector(image, peer, improved=True) for image in theirs],
            lambda *_: np.abs(found - expected).max(),
            units=(N_IMAGES, few),
            # two products (m, 2d) x (2d, k) and (k, m) x (m, 2d), 2 operations a term
            operations=8 * N_IMAGES * N_DESCRIPTORS * DIMENSION * N_COMPONENTS,
        )
    ]


def _as_sklearn(mixture: GaussianMixture) -> SklearnMixture:
    peer = SklearnMixture(len(mixture.weights), covariance_type="diag")
    peer.weights_ = mixture.weights.double().numpy()
    peer.means_ = mixture.means.double().numpy()
    peer.covariances_ = mixture.variances.double().numpy()
    peer.precisions_cholesky_ = 1 / np.sqrt(peer.covariances_)
    return peer
