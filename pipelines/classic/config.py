"""Every setting of the hand-crafted side: which families, how they are joined, what the classifier tries."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from bakeoff.pipelines.classic.families.family import FeatureFamily, View
from bakeoff.pipelines.classic.svm.cost_choice import Compression


@dataclass(frozen=True)
class System:
    """Families joined early - one long vector - under one linear SVM.

    scaling: "unit" leaves each family's vector as it is (they have unit length); "standardize" gives every
        dimension mean 0 and deviation 1 over the training pictures.
    weights: the share of the squared length of the joined vector that each family gets; () leaves them alike.
    costs: the SVM's C tried on validation, from the strongest regularization to the weakest; see `choose_cost`.
    class_weight: "balanced" gives all pictures of a class together the same cost, and balanced accuracy chooses C;
        "auto" does so where classes differ 5:1 or more; the descent on codes has its positive_weights instead.
    compression: None trains on the features as they are, with the batch solver.
    """

    name: str
    families: tuple[FeatureFamily, ...]
    scaling: Literal["unit", "standardize"] = "unit"
    weights: tuple[float, ...] = ()
    costs: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0)
    # Of the features on disk and in memory; int8, a quarter of the room, is for families of unit length, and of what
    # the SVM learns from: test pictures, read once, are kept in float16 then.
    storage: Literal["float32", "float16", "int8"] = "float32"
    tolerance: float = 1e-3  # of the SVM's objective, relative; a stricter one changes hardly a prediction
    compression: Compression | None = None
    class_weight: Literal["auto", "balanced", "none"] = "auto"

    def storage_of(self, split: str) -> str:
        """What the features of "train", "validation" or "test" pictures are stored in."""
        return "float16" if self.storage == "int8" and split == "test" else self.storage

    def usable(self, image_shape: tuple[int, int, int]) -> "System":
        """The system without the families that such pictures cannot feed, and their weights."""
        kept = [i for i, family in enumerate(self.families) if not family.refusal(image_shape)]
        weights = tuple(self.weights[i] for i in kept if self.weights)
        return replace(self, families=tuple(self.families[i] for i in kept), weights=weights)

    @property
    def factors(self) -> tuple[float, ...]:
        """What each family's vector is multiplied with to have its share of the squared length; () is 1 for all."""
        return tuple(math.sqrt(weight) for weight in self.weights)


@dataclass(frozen=True)
class ClassicConfig:
    """Systems joined late: their scores are added with weights chosen on validation.

    mirror: train on every picture and its mirror image; a picture's score is the mean of both.
    shifts: likewise with every picture moved by so many (down, right) pixels, its border repeated; with `mirror` the
        mirror images of these too.
    refit: once C is chosen, train again on training and validation pictures together.
    Raises ValueError for refit with a compressed system.
    """

    systems: tuple[System, ...]
    mirror: bool = False
    shifts: tuple[tuple[int, int], ...] = ()
    refit: bool = False

    def usable(self, image_shape: tuple[int, int, int]) -> "ClassicConfig":
        """With what of the systems such pictures can feed; there may be none."""
        systems = (system.usable(image_shape) for system in self.systems)
        return replace(self, systems=tuple(system for system in systems if system.families))

    @property
    def views(self) -> tuple[View, ...]:
        """All ways in which a picture is looked at, as it is first."""
        mirrored = (False, True) if self.mirror else (False,)
        return tuple(View(down, right, turned) for turned in mirrored for down, right in ((0, 0), *self.shifts))

    def __post_init__(self) -> None:
        if self.refit and any(system.compression for system in self.systems):
            raise ValueError("refit must be False with a compressed system: only its training pictures are compressed")
