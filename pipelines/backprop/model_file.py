"""A net trained by our own engine, with the standardization of its pixels; on disk and back as mere arrays."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.datasets.folder.store import blocks_of
from bakeoff.pipelines.backprop.functions import Layers, hidden_units, mlp_scores
from bakeoff.pipelines.results.fitted_values import from_arrays, to_arrays
from bakeoff.pipelines.results.model import StoredModel
from bakeoff.pipelines.results.run import Side
from bakeoff.pipelines.results.trained_model import check_images

if TYPE_CHECKING:
    from torch import Tensor

SCORED_AT_ONCE = 2048  # pictures


@dataclass(frozen=True)
class Standardizer:
    """Mean and standard deviation of each color channel, over all pixels of the training pictures."""

    mean: np.ndarray
    deviation: np.ndarray

    def apply(self, images: np.ndarray) -> np.ndarray:
        """uint8 (n, height, width, channels) -> float32 (n, height * width * channels), zero mean, unit deviation."""
        pixels = images.astype(np.float32)
        pixels -= self.mean
        pixels /= self.deviation
        return pixels.reshape(len(images), -1)

    def parts(self, images: np.ndarray) -> Iterator[np.ndarray]:
        """The same of so many pictures at once that the copies stay small."""
        return (self.apply(images[i : i + SCORED_AT_ONCE]) for i in range(0, len(images), SCORED_AT_ONCE))


def fit_standardizer(images: np.ndarray) -> Standardizer:
    """From counts of whole numbers, a block of pictures at a time. Constant channels keep their scale."""
    counts = np.zeros((images.shape[3], 256), dtype=np.int64)
    for _, block in blocks_of(images):
        counts += [np.bincount(block[..., channel].ravel(), minlength=256) for channel in range(len(counts))]
    levels, shares = np.arange(256), counts / counts[0].sum()  # (channels, 256)
    mean = shares @ levels
    deviation = np.sqrt(shares @ levels**2 - mean**2)
    return Standardizer(mean.astype(np.float32), np.where(deviation > 0, deviation, 1).astype(np.float32))


@dataclass(frozen=True)
class BackpropModel:
    """A `TrainedModel`. layers: (weights (n_in, n_out), bias (n_out,)) of each, float32."""

    experiment: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    standardizer: Standardizer
    layers: Layers
    side: Side = "end-to-end"

    def predict_scores(self, images: np.ndarray) -> np.ndarray:
        check_images(images, self.image_shape)
        return predict_scores(self.layers, self.standardizer, images)

    def represent(self, images: np.ndarray) -> np.ndarray:
        check_images(images, self.image_shape)
        return np.concatenate([hidden_units(self.layers, x) for x in self.standardizer.parts(images)])

    def scores_of_tensors(self) -> Callable[[Tensor], Tensor]:
        import torch  # only to be exported: the engine needs none of it

        mean, deviation = torch.from_numpy(self.standardizer.mean), torch.from_numpy(self.standardizer.deviation)
        layers = [[torch.from_numpy(np.array(part)) for part in layer] for layer in self.layers]

        def scores(images: Tensor) -> Tensor:
            x = ((images.float() - mean) / deviation).flatten(1)
            for i, (weights, bias) in enumerate(layers):
                x = (torch.relu(x) if i else x) @ weights + bias
            return x

        return scores


def predict_scores(layers: Layers, standardizer: Standardizer, images: np.ndarray) -> np.ndarray:
    """float32 (n, n_classes): the net's outputs before the softmax."""
    return np.concatenate([mlp_scores(layers, x) for x in standardizer.parts(images)])


def store_backprop_model(model: BackpropModel) -> StoredModel:
    """The model's parts, to be written with `save_stored_model`."""
    arrays = to_arrays(model.standardizer, "standardizer.")
    for i, (weights, bias) in enumerate(model.layers):
        arrays |= {f"layers.{i}.weights": np.asarray(weights), f"layers.{i}.bias": np.asarray(bias)}
    settings = {"n_layers": len(model.layers)}
    return StoredModel("backprop", model.experiment, model.class_names, model.image_shape, settings, arrays)


def build_backprop_model(stored: StoredModel) -> BackpropModel:
    """Back from `store_backprop_model`. Raises ValueError if the layers do not fit each other."""
    n_layers = sum(name.endswith(".weights") for name in stored.arrays)
    if stored.settings.get("n_layers") != n_layers or n_layers < 1:
        raise ValueError(f"expected {stored.settings.get('n_layers')!r:.60} layers, got {n_layers}")
    wrong = {name: str(array.dtype) for name, array in stored.arrays.items() if array.dtype != np.float32}
    if wrong:
        raise ValueError(f"all arrays must be float32, got {wrong}")
    layers = [(stored.arrays[f"layers.{i}.weights"], stored.arrays[f"layers.{i}.bias"]) for i in range(n_layers)]
    standardizer = from_arrays(Standardizer, stored.arrays, "standardizer.")
    _check_shapes(stored, layers, standardizer)
    return BackpropModel(stored.experiment, stored.class_names, stored.image_shape, standardizer, layers)


def _check_shapes(stored: StoredModel, layers: Layers, standardizer: Standardizer) -> None:
    widths = [math.prod(stored.image_shape), *(len(np.asarray(bias)) for _, bias in layers[:-1])]
    expected = list(itertools.pairwise([*widths, len(stored.class_names)]))
    shapes = [np.shape(weights) for weights, _ in layers]
    n_biases = [np.shape(bias) for _, bias in layers]
    if shapes != expected or n_biases != [(n_out,) for _, n_out in expected]:
        raise ValueError(f"the layers must have weights of shapes {expected}, got {shapes}")
    for values in (standardizer.mean, standardizer.deviation):
        if np.shape(values) != stored.image_shape[2:]:
            raise ValueError(f"the standardizer must have {stored.image_shape[2]} colors, got shape {np.shape(values)}")
