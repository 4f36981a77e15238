"""A trained model of any side as one function of tensors: uint8 pictures of any size to probabilities and scores.

Every step is the product's own code, which torch.export follows.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from bakeoff.pipelines.classic.families.family import FeatureFamily
from bakeoff.pipelines.predict.export.resizing import to_square
from bakeoff.pipelines.results.trained_model import TrainedModel


class PicturesToProbabilities(nn.Module):
    """uint8 (n, height, width, channels) -> float32 (n, n_classes): softmax(scores / temperature), and the scores.

    Pictures have any size where the model takes squares, and else the model's own.
    """

    def __init__(self, model: TrainedModel, temperature: float, frame: str) -> None:
        super().__init__()
        self.scores, self.temperature, self.frame = model.scores_of_tensors(), temperature, frame
        self.side = square_side(model.image_shape)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        if self.side is not None:
            images = to_square(images, self.side, self.frame)
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
