"""A trained model of features and SVMs: fitted families, linear SVMs, fusion; on disk and back, never a pickle."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from bakeoff.pipelines.classic import families
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.families.family import AS_IT_IS, View, encode_all
from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix
from bakeoff.pipelines.classic.matrix.projections import Standardizer, standardize
from bakeoff.pipelines.classic.svm.linear_svm import LinearSvm, predict_scores
from bakeoff.pipelines.machine.cores import HERE, Hands
from bakeoff.pipelines.machine.device import exact_products
from bakeoff.pipelines.results.configuration import describe, rebuild
from bakeoff.pipelines.results.fitted_values import from_arrays, to_arrays
from bakeoff.pipelines.results.model import Approach, StoredModel, check_images
from bakeoff.pipelines.results.run import Side

PICTURES_AT_A_TIME = 1000  # their features are in memory at once: 0.3 GB where a vector has 80,000 values


@dataclass(frozen=True)
class FittedSystem:
    """One system after training.

    states: of its families, in their order.   standardizer: None unless `scaling` is "standardize".
    weights: float32 (n_classes, d).   bias: float32 (n_classes,).
    """

    system: System
    states: tuple[Any, ...]
    standardizer: Standardizer | None
    weights: np.ndarray
    bias: np.ndarray

    def score_tensors(self, images: Tensor) -> Tensor:
        """Of one view: features, their scaling, the linear SVM."""
        factors = self.system.factors or (1.0,) * len(self.system.families)
        families = zip(self.system.families, self.states, factors, strict=True)
        features = torch.cat([family.encode(images, state) * factor for family, state, factor in families], dim=1)
        if self.standardizer is not None:
            features = standardize(features, self.standardizer)
        return F.linear(features, torch.from_numpy(self.weights), torch.from_numpy(self.bias))

    def features(self, images: np.ndarray, views: tuple[View, ...], hands: Hands) -> FeatureMatrix:
        """As the SVM reads them, but in float32 however they were stored: rows for the pictures, view below view."""
        families = list(zip(self.system.families, self.states, strict=True))
        blocks = [
            [encode_all(family, state, images, view=view, hands=hands) for family, state in families] for view in views
        ]
        return FeatureMatrix(blocks, self.system.factors, self.standardizer, hands.device)


@dataclass(frozen=True)
class ClassicModel:
    """A `TrainedModel`: systems, and the weights of their late fusion if there are several.

    views: of a picture, whose scores are averaged.   hands: who computes.
    """

    experiment: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    systems: tuple[FittedSystem, ...]
    fusion: np.ndarray | None
    views: tuple[View, ...] = (AS_IT_IS,)
    hands: Hands = HERE

    @property
    def side(self) -> Side:
        """Hand-crafted, unless a family of it is of another side."""
        sides = (family.side for fitted in self.systems for family in fitted.system.families)
        return next((side for side in sides if side != "hand-crafted"), "hand-crafted")

    @exact_products()
    def predict_scores(self, images: np.ndarray) -> np.ndarray:
        """Of several systems fused."""

        def scores(system: FittedSystem, features: FeatureMatrix) -> np.ndarray:
            return predict_scores(features, LinearSvm(system.weights, system.bias))

        return np.concatenate([fuse_scores(said, self.fusion) for said in self._parts(images, scores)])

    def represent(self, images: np.ndarray) -> np.ndarray:
        """Of several systems, their features side by side."""
        found = self._parts(images, lambda _, features: features[:].cpu().numpy())
        return np.concatenate([np.concatenate(features, axis=1) for features in found])

    def scores_of_tensors(self) -> Callable[[Tensor], Tensor]:
        shares = [1.0] if self.fusion is None else self.fusion.tolist()

        def scores(images: Tensor) -> Tensor:
            seen = [view.of(images) for view in self.views]
            fused = [
                share * s.score_tensors(view) for view in seen for s, share in zip(self.systems, shares, strict=True)
            ]
            return torch.stack(fused).sum(dim=0) / len(seen)

        return scores

    def _parts(
        self, images: np.ndarray, of: Callable[[FittedSystem, FeatureMatrix], np.ndarray]
    ) -> Iterator[list[np.ndarray]]:
        """What every system makes of some pictures' features, (n, length), the mean over the views of each picture."""
        check_images(images, self.image_shape)
        for start in range(0, len(images), PICTURES_AT_A_TIME):
            part = images[start : start + PICTURES_AT_A_TIME]
            found = [of(system, system.features(part, self.views, self.hands)) for system in self.systems]
            yield [rows.reshape(len(self.views), len(part), -1).mean(axis=0) for rows in found]


def fuse_scores(scores: Sequence[np.ndarray], weights: np.ndarray | None) -> np.ndarray:
    """The weighted sum of the systems' scores, float32 (n, k); of one system without a weight what it says.

    Raises ValueError if there are not as many systems as weights, or their shapes differ.
    """
    if weights is None:
        return scores[0]
    if len(scores) != len(weights):
        raise ValueError(f"scores must hold {len(weights)} systems to match the weights, got {len(scores)}")
    return np.tensordot(weights, stack_scores(scores).astype(np.float32), axes=1)


def stack_scores(scores: Sequence[np.ndarray]) -> np.ndarray:
    """(n_systems, n, k)."""
    shapes = {np.shape(system) for system in scores}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise ValueError(f"scores must hold one array (n, k) a system, all of one shape, got shapes {sorted(shapes)}")
    return np.stack(scores)


def store_classic_model(model: ClassicModel) -> StoredModel:
    """The model's parts, to be written with `save_stored_model`."""
    arrays: dict[str, np.ndarray] = {}
    for i, fitted in enumerate(model.systems):
        arrays |= {f"systems.{i}.weights": fitted.weights, f"systems.{i}.bias": fitted.bias}
        if fitted.standardizer is not None:
            arrays |= to_arrays(fitted.standardizer, f"systems.{i}.standardizer.")
        for j, state in enumerate(fitted.states):
            arrays |= to_arrays(state, f"systems.{i}.families.{j}.")
    if model.fusion is not None:
        arrays["fusion"] = model.fusion
    mirror, shifts = model.views[-1].mirrored, ((v.down, v.right) for v in model.views[1:] if not v.mirrored)
    config = ClassicConfig(tuple(fitted.system for fitted in model.systems), mirror, tuple(shifts))
    approach: Approach = "frozen" if model.side == "frozen" else "classic"
    return StoredModel(approach, model.experiment, model.class_names, model.image_shape, describe(config), arrays)


def build_classic_model(stored: StoredModel) -> ClassicModel:
    """Back from `store_classic_model`. Raises ValueError for an unknown kind, or parts that do not fit each other."""
    for module in iter_modules(families.__path__):  # a family is known once it is defined
        import_module(f"{families.__name__}.{module.name}")
    config: ClassicConfig = rebuild(stored.settings, ClassicConfig)
    systems = tuple(_build_system(system, stored.arrays, f"systems.{i}.") for i, system in enumerate(config.systems))
    fusion = stored.arrays["fusion"] if len(systems) > 1 else None
    model = ClassicModel(stored.experiment, stored.class_names, stored.image_shape, systems, fusion, config.views)
    # A black picture through all of it: what does not fit together is noticed here and not at the first prediction.
    scores = model.predict_scores(np.zeros((1, *model.image_shape), np.uint8))
    if scores.shape != (1, len(model.class_names)):
        raise ValueError(f"it gives {scores.shape[1]} scores for {len(model.class_names)} classes")
    return model


def _build_system(system: System, arrays: Any, prefix: str) -> FittedSystem:
    states: tuple[Any, ...] = tuple(
        from_arrays(family.state_type, arrays, f"{prefix}families.{j}.") for j, family in enumerate(system.families)
    )
    scaled = system.scaling == "standardize"
    standardizer = from_arrays(Standardizer, arrays, f"{prefix}standardizer.") if scaled else None
    return FittedSystem(system, states, standardizer, arrays[f"{prefix}weights"], arrays[f"{prefix}bias"])
