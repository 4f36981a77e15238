"""The ladder of hand-crafted recipes for pictures of one size, from cheap to rich, and what each costs.

A rung says what the one before it says and more, so that a step up is rarely a step down: global texture; with shape;
Fisher vectors, whose mixtures grow with the number of training pictures. Descriptors see equally many pixels
at every size - at 128 pixels, SIFT bins of 3, 4 and 6 pixels tell 81 groceries apart better than twice as large ones,
35 to 28 % on validation - and their stride grows with the root of the side. The last rungs leave something out: color;
or the place and all but fine detail, which hide small defects.
"""

import math
from dataclasses import dataclass, replace

from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.families.descriptors import (
    DESCRIPTORS_PER_PICTURE,
    ColorStatistics,
    DenseSift,
    Descriptors,
    Patches,
)
from bakeoff.pipelines.classic.families.family import FeatureFamily
from bakeoff.pipelines.classic.families.fisher_vectors import FisherVectors, PatchFisherVectors
from bakeoff.pipelines.classic.families.histograms import (
    ColorHistogram,
    CoOccurrence,
    GrayHistogram,
    Hog,
    LocalBinaryPatterns,
)
from bakeoff.pipelines.classic.families.pixels import PixelPca

SIDE = 32  # pixels; of the pictures that strides and cells are given for: they grow with larger ones
PICTURES_PER_GAUSSIAN, FEWEST_GAUSSIANS, MOST_GAUSSIANS = 30, 16, 256
SAMPLES_PER_GAUSSIAN = 1000  # descriptors that a mixture is learned from
COSTS = (0.5, 2.0, 8.0)
SIFT = DenseSift(regularizer=2.5, overhang=True, reference_side=SIDE)
COLOR_SIFT = replace(SIFT, color="opponent")
COLOR = ColorStatistics(overhang=True, reference_side=SIDE)
PATCHES = Patches(stride=2, reference_side=SIDE)
FINE = DenseSift(bin_sizes=(2, 3, 4), stride=4, regularizer=2.5, overhang=True)
Families = tuple[FeatureFamily, ...]
TEXTURE: Families = (ColorHistogram(), GrayHistogram(), LocalBinaryPatterns(), CoOccurrence())
UNION: Families = (*TEXTURE, Hog(reference_side=SIDE), PixelPca())


@dataclass(frozen=True)
class Recipe:
    """A configuration that suits some pictures, and its name on the ladder."""

    name: str
    title: str
    config: ClassicConfig


def recipes(image_shape: tuple[int, int, int], n_train: int) -> tuple[Recipe, ...]:
    """What to try on n_train pictures of (height, width, channels), the cheapest first.

    Names stand for the same at every size. Families that such pictures cannot feed are left out, and so are recipes of
    which nothing remains or that would be another one again. Nothing depends on the number of classes: on 18
    and on 81 the same weights, C and mixtures did best, and mirrored pictures helped neither.
    """
    few, many = mixture_size(n_train), mixture_size(2 * n_train)
    sift, colors = fisher(SIFT, many), (fisher(COLOR_SIFT, many), fisher(COLOR, many))
    rich = (sift, *(colors if image_shape[2] > 1 else ()), fisher(PATCHES, many))
    fine = replace(fisher(FINE, many), position_scale=0.0)
    table: tuple[tuple[str, str, Families, tuple[float, ...]], ...] = (
        ("texture", "Histograms, local binary patterns and co-occurrence", TEXTURE, ()),
        ("union", "Histograms, texture, HOG and PCA of pixels", UNION, ()),
        ("fisher", "Fisher vectors of SIFT and color", (fisher(SIFT, few), fisher(COLOR, few)), (0.5, 0.5)),
        ("fisher-rich", "Fisher vectors of SIFT, color SIFT, color and patches", rich, (0.3, 0.3, 0.3, 0.1)),
        ("fisher-sift", "Fisher vectors of SIFT alone", (sift,), ()),
        ("fisher-fine", "Fisher vectors of the finest SIFT, wherever in the picture", (fine,), ()),
    )
    made: dict[Families, Recipe] = {}
    for name, title, families, weights in table:
        system = System(name, families, weights=weights, costs=COSTS, storage="float16").usable(image_shape)
        if system.families and system.families not in made:
            shares = tuple(weight / sum(system.weights) for weight in system.weights)
            config = ClassicConfig((replace(system, weights=shares),), refit=True)
            made[system.families] = Recipe(name, title, config)
    return tuple(made.values())


def mixture_size(n_train: int) -> int:
    """Gaussians, a power of two: more of them pay where there are pictures to learn their weights from."""
    wanted = 2 ** round(math.log2(max(1, n_train) / PICTURES_PER_GAUSSIAN))
    return int(min(max(wanted, FEWEST_GAUSSIANS), MOST_GAUSSIANS))


def fisher(descriptors: Descriptors, n_gaussians: int) -> FisherVectors:
    """With mixtures learned from as many descriptors as they need, in about a tenth of the time of encoding."""
    kind = PatchFisherVectors if isinstance(descriptors, Patches) else FisherVectors
    return kind(
        descriptors=descriptors,
        n_components=80 if getattr(descriptors, "color", "") == "opponent" else 64,
        n_gaussians=n_gaussians,
        n_samples=SAMPLES_PER_GAUSSIAN * max(n_gaussians, 50),
        n_iterations=10,
    )


# Processor seconds on one core of about 110 GFLOP/s in float32, measured on pictures of 32 to 128 pixels.
# Of a picture, by the pixel; such a family gives some HISTOGRAM_LENGTH values.
PER_PIXEL: dict[type[FeatureFamily], float] = {
    ColorHistogram: 1.3e-7,
    GrayHistogram: 3.5e-8,
    Hog: 4.5e-8,
    LocalBinaryPatterns: 2.4e-7,
    CoOccurrence: 2e-7,
    PixelPca: 2e-7,
}
HISTOGRAM_LENGTH = 3000
# Of descriptors: by the pixel, by the descriptor; then by each Gaussian, to encode the descriptor or to learn from it.
PER_DESCRIPTOR = {
    "SIFT": (3.3e-7, 1.5e-6),
    "opponent SIFT": (6e-7, 4e-6),
    "color statistics": (1.8e-7, 1e-6),
    "patches": (3e-8, 1.6e-6),
}
PER_GAUSSIAN, PER_LEARNED = 8.4e-9, 2e-8
# Of a value of a training picture, in the solver: of each class, over all C.
PER_VALUE = 5e-9


def expected_seconds(
    config: ClassicConfig, n_pictures: int, image_shape: tuple[int, int, int], n_classes: int = 10
) -> float:
    """Processor seconds of a recipe on n_pictures, those of all splits together; within a factor of two."""
    n_views = n_pictures * len(config.views)
    total = 0.0
    for family in (family for system in config.systems for family in system.families):
        if not family.refusal(image_shape):
            encoding, learning, length = _costs(family, n_pictures, image_shape)
            total += n_views * (encoding + length * n_classes * PER_VALUE) + learning
    return total


def _costs(family: FeatureFamily, n_pictures: int, image_shape: tuple[int, int, int]) -> tuple[float, float, int]:
    """Seconds to encode one picture, seconds to learn the family's state, and the length of its vector."""
    height, width, _ = image_shape
    if not isinstance(family, FisherVectors):
        return PER_PIXEL[type(family)] * height * width, 0.0, HISTOGRAM_LENGTH
    n_descriptors = len(family.descriptors.positions(height, width))
    per_pixel, per_descriptor = PER_DESCRIPTOR[family.descriptors.label]
    describing = per_pixel * height * width + per_descriptor * n_descriptors
    n_sampled = min(n_pictures, family.n_samples // min(DESCRIPTORS_PER_PICTURE, n_descriptors))
    learning = n_sampled * describing + family.n_samples * family.n_gaussians * family.n_iterations * PER_LEARNED
    encoding = describing + n_descriptors * family.n_gaussians * PER_GAUSSIAN
    return encoding * (2 if family.symmetric else 1), learning, 2 * family.n_gaussians * (family.n_components + 2)
