"""Every setting of the hand-crafted side: which families, how they are joined, what the classifier tries."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pipelines.classic.families.family import FeatureFamily


@dataclass(frozen=True)
class System:
    """Families joined early - one long vector - under one linear SVM.

    scaling: "unit" leaves each family's vector as it is (they have unit length); "standardize" gives every
        dimension mean 0 and deviation 1 over the training pictures.
    weights: the share of the squared length of the joined vector that each family gets; () leaves them alike.
    costs: the SVM's C, every one tried on validation, from the strongest regularization to the weakest.
    """

    name: str
    families: tuple[FeatureFamily, ...]
    scaling: Literal["unit", "standardize"] = "unit"
    weights: tuple[float, ...] = ()
    costs: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0)
    storage: Literal["float32", "float16"] = "float32"  # of the features on disk and in memory
    tolerance: float = 1e-3  # of the SVM's objective, relative; a stricter one changes hardly a prediction

    @property
    def factors(self) -> tuple[float, ...]:
        """What each family's vector is multiplied with to have its share of the squared length; () is 1 for all."""
        return tuple(math.sqrt(weight) for weight in self.weights)


@dataclass(frozen=True)
class ClassicConfig:
    """Systems joined late: their scores are added with weights chosen on validation.

    mirror: train on every picture and its mirror image; a picture's score is the mean of both.
    refit: once C is chosen, train again on training and validation pictures together.
    """

    systems: tuple[System, ...]
    mirror: bool = False
    refit: bool = False
