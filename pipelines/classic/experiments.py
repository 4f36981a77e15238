"""The named experiments of the hand-crafted side: name -> (title, configuration)."""

from __future__ import annotations

from dataclasses import replace

from pipelines.classic.config import ClassicConfig, System
from pipelines.classic.families.bag_of_words import BagOfWords
from pipelines.classic.families.descriptors import ColorStatistics, DenseSift, Patches
from pipelines.classic.families.family import FeatureFamily
from pipelines.classic.families.fisher_vectors import FisherVectors, PatchFisherVectors
from pipelines.classic.families.histograms import ColorHistogram, Hog
from pipelines.classic.families.pixels import PixelPca

# The four families of the comparison, each alone, left out, and together.
FAMILIES: dict[str, tuple[str, FeatureFamily]] = {
    "color-histogram": ("Color histogram", ColorHistogram()),
    "hog": ("HOG", Hog()),
    "sift-bow": ("SIFT bag of visual words", BagOfWords()),
    "pca": ("PCA of pixels", PixelPca()),
}


def _together(*names: str) -> ClassicConfig:
    return ClassicConfig(systems=(System("classic", tuple(FAMILIES[name][1] for name in names)),))


# All that helped on the validation pictures of CIFAR-10 (45,000 for training, 5,000 to choose): pooling a picture
# together with its mirror image, descriptors that overhang the border, soft SIFT normalization, and early fusion.
_SIFT = DenseSift(regularizer=2.5, overhang=True)
HANDCRAFTED = ClassicConfig(
    systems=(
        System(
            "handcrafted",
            families=(
                FisherVectors(descriptors=_SIFT, n_gaussians=256, symmetric=True),
                FisherVectors(
                    descriptors=replace(_SIFT, color="opponent"), n_components=80, n_gaussians=256, symmetric=True
                ),
                PatchFisherVectors(descriptors=Patches(stride=2), n_gaussians=128, symmetric=True),
                FisherVectors(descriptors=ColorStatistics(overhang=True), n_gaussians=128, symmetric=True),
            ),
            weights=(0.35, 0.40, 0.17, 0.08),
            costs=(1.0, 2.0, 4.0),
            storage="float16",
        ),
    ),
    refit=True,
)

EXPERIMENTS: dict[str, tuple[str, ClassicConfig]] = {
    **{name: (title, _together(name)) for name, (title, _) in FAMILIES.items()},
    **{
        f"classic-without-{name}": (f"All but {title}", _together(*(other for other in FAMILIES if other != name)))
        for name, (title, _) in FAMILIES.items()
    },
    "classic": ("All four families", _together(*FAMILIES)),
    "handcrafted": ("Fisher vectors of SIFT, color SIFT, patches and color", HANDCRAFTED),
}
# What `make train-svm` trains.
COMPARISON: tuple[str, ...] = tuple(name for name in EXPERIMENTS if name != "handcrafted")
