"""Interface of a trained model, the same for every side."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from bakeoff.pipelines.results.run import Side

if TYPE_CHECKING:
    from torch import Tensor


class TrainedModel(Protocol):
    """A model ready to classify pictures; calling it changes nothing.

    experiment: the name it was trained under.   side: which side it stands for.
    image_shape: (height, width, channels) of the pictures that it takes.
    """

    @property
    def experiment(self) -> str: ...

    @property
    def side(self) -> Side: ...

    @property
    def class_names(self) -> tuple[str, ...]: ...

    @property
    def image_shape(self) -> tuple[int, int, int]: ...

    def predict_scores(self, images: np.ndarray) -> np.ndarray:
        """uint8 (n, height, width, channels) -> float32 (n, n_classes): logits of a net, margins of an SVM.

        The largest is the prediction. Raises ValueError if the pictures have another shape or type, or there are none.
        """
        ...

    def represent(self, images: np.ndarray) -> np.ndarray:
        """uint8 (n, height, width, channels) -> float32 (n, d): the vector of which the scores are a linear function.

        Features after scaling, or the last hidden layer. Raises ValueError as `predict_scores` does.
        """
        ...

    def scores_of_tensors(self) -> Callable[[Tensor], Tensor]:
        """`predict_scores` as one function of tensors on the CPU, which torch.export can follow."""
        ...


def check_images(images: np.ndarray, image_shape: tuple[int, int, int]) -> None:
    """Raise ValueError unless images is uint8 (n, height, width, channels) with at least one picture."""
    if images.dtype != np.uint8 or images.shape[1:] != image_shape or len(images) == 0:
        expected = f"uint8 (n, {', '.join(map(str, image_shape))}) with n at least 1"
        raise ValueError(f"images must be {expected}, got {images.dtype} {images.shape}")
