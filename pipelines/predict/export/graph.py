"""A trained model of any side as one function of tensors: uint8 pictures of any size to probabilities and scores.

Every step is the product's own code, which torch.export follows; only what joins the steps is written here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.pipelines.backprop.model_file import BackpropModel
from bakeoff.pipelines.classic.families.family import FeatureFamily
from bakeoff.pipelines.classic.matrix.standardize import standardize
from bakeoff.pipelines.classic.system.model_file import ClassicModel, FittedSystem
from bakeoff.pipelines.neural.model_file import NeuralModel
from bakeoff.pipelines.neural.training.prediction import views
from bakeoff.pipelines.predict.export.resizing import to_square
from bakeoff.pipelines.results.trained_model import TrainedModel

Scores = Callable[
    [Tensor], Tensor
]  # uint8 (n, height, width, channels) of a model's own size -> float32 (n, n_classes)


class PicturesToProbabilities(nn.Module):
    """uint8 (n, height, width, channels) -> float32 (n, n_classes): softmax(scores / temperature), and the scores.

    Pictures have any size where the model takes squares, and else the model's own.
    """

    def __init__(self, model: TrainedModel, temperature: float) -> None:
        super().__init__()
        self.scores, self.temperature = scores_of(model), temperature
        self.side = square_side(model.image_shape)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        if self.side is not None:
            images = to_square(images, self.side)
        scores = self.scores(images)
        return (scores / self.temperature).softmax(dim=1), scores


class FamilyVectors(nn.Module):
    """One family alone, for the question whether a graph can express it."""

    def __init__(self, family: FeatureFamily, state: Any, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.family, self.state, self.side = family, state, square_side(image_shape)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        vectors = self.family.encode(images if self.side is None else to_square(images, self.side), self.state)
        return vectors, vectors.sum(dim=1)


def square_side(image_shape: tuple[int, int, int]) -> int | None:
    """Pixels; None where a model takes no squares."""
    height, width, _ = image_shape
    return height if height == width else None


@singledispatch
def scores_of(model: object) -> Scores:
    """What the model's `predict_scores` does, on tensors."""
    raise ValueError(f"a {type(model).__name__} cannot be written as a graph")


@scores_of.register
def _of_net(model: NeuralModel) -> Scores:
    network = model.to(torch.device("cpu")).network.eval()

    def scores(images: Tensor) -> Tensor:
        seen = views(images.permute(0, 3, 1, 2), model.description.flip_averaging, model.description.shift_averaging)
        return torch.stack([weight * network(view) for view, weight in seen]).sum(dim=0)

    return scores


@scores_of.register
def _of_own_net(model: BackpropModel) -> Scores:
    mean, deviation = torch.from_numpy(model.standardizer.mean), torch.from_numpy(model.standardizer.deviation)
    layers = [[torch.from_numpy(np.array(part)) for part in layer] for layer in model.layers]

    def scores(images: Tensor) -> Tensor:
        x = ((images.float() - mean) / deviation).flatten(1)
        for i, (weights, bias) in enumerate(layers):
            x = (F.relu(x) if i else x) @ weights + bias
        return x

    return scores


@scores_of.register
def _of_systems(model: ClassicModel) -> Scores:
    shares = [1.0] if model.fusion is None else model.fusion.tolist()

    def scores(images: Tensor) -> Tensor:
        seen = [images, images.flip(2)] if model.mirror else [images]
        fused = [share * _margins(s, view) for view in seen for s, share in zip(model.systems, shares, strict=True)]
        return torch.stack(fused).sum(dim=0) / len(seen)

    return scores


def _margins(fitted: FittedSystem, images: Tensor) -> Tensor:
    """float32 (n, n_classes): features, rounded as they are stored, their scaling, the linear SVM."""
    system, stored = fitted.system, torch.from_numpy(np.empty(0, fitted.system.storage)).dtype
    factors = system.factors or (1.0,) * len(system.families)
    families = zip(system.families, fitted.states, factors, strict=True)
    blocks = [family.encode(images, state).to(stored).float() * factor for family, state, factor in families]
    features = torch.cat(blocks, dim=1)
    if fitted.standardizer is not None:
        features = standardize(features, fitted.standardizer)
    return F.linear(features, torch.from_numpy(fitted.weights), torch.from_numpy(fitted.bias))
