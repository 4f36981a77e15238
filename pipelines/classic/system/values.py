"""What a system's stages hand to each other: features, their codes, and the scores of it all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.pipelines.classic.families.family import FeatureFamily
from bakeoff.pipelines.classic.matrix.product_quantization import ProductQuantizer
from bakeoff.pipelines.classic.system.fusion import FusionWeights
from bakeoff.pipelines.classic.system.model_file import FittedSystem
from bakeoff.pipelines.results.run import Size, Stage


@dataclass(frozen=True)
class Encoded:
    """One family over one data set.

    parts: features (n, length) of "train", "validation", "test"; of mirror images also "mirrored train" ...
    keys: of the cache entries they come from.   costs: of making them.
    """

    family: FeatureFamily
    state: Any
    parts: Mapping[str, np.ndarray]
    keys: tuple[str, ...]
    costs: tuple[Stage, ...]


@dataclass(frozen=True)
class Codes:
    """The training features of a system, compressed.

    codes: uint8 (n_train, n_codes).   cost: of making them.
    """

    codes: np.ndarray
    quantizer: ProductQuantizer
    cost: Stage


@dataclass(frozen=True)
class Outcome:
    """What one system, or several fused, says about every picture. scores: split -> float32 (n, n_classes).

    training_features: bytes that training reads of every picture, the same as float32, and of codebooks.
    converged: whether every SVM is known to have reached its tolerance; of a descent, which has none, True.
    systems, fusion: the trained parts that give these scores; fusion is None for one system.
    """

    scores: Mapping[str, np.ndarray]
    stages: tuple[Stage, ...]
    size: Size
    trials: tuple[Mapping[str, Any], ...]
    encoded: tuple[Encoded, ...]
    training_features: Mapping[str, int]
    systems: tuple[FittedSystem, ...]
    converged: bool
    fusion: FusionWeights | None = None
