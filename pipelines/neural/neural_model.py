"""A trained net on disk and back: its weights, and what it is built from as plain values; never a pickle."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bakeoff.pipelines.neural import networks
from bakeoff.pipelines.neural.networks.build import Architecture, Network, outline_network
from bakeoff.pipelines.neural.training.prediction import last_hidden_layer, predict_scores, views
from bakeoff.pipelines.results.configuration import describe, rebuild
from bakeoff.pipelines.results.model import StoredModel, check_images
from bakeoff.pipelines.results.run import Side


@dataclass(frozen=True)
class NetDescription:
    """The part of a configuration that the trained net still needs."""

    architecture: Architecture
    flip_averaging: bool
    shift_averaging: int = 0


@dataclass(frozen=True)
class NeuralModel:
    """A `TrainedModel`. network: ready to evaluate, on the device where it shall run."""

    experiment: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    description: NetDescription
    network: Network
    side: Side = "end-to-end"

    def predict_scores(self, images: np.ndarray) -> np.ndarray:
        return predict_scores(self.network, self._pixels(images), **self._averaging()).cpu().numpy()

    def represent(self, images: np.ndarray) -> np.ndarray:
        return last_hidden_layer(self.network, self._pixels(images), **self._averaging()).cpu().numpy()

    def scores_of_tensors(self) -> Callable[[Tensor], Tensor]:
        network = self.network.cpu().eval()

        def scores(images: Tensor) -> Tensor:
            seen = views(images.permute(0, 3, 1, 2), **self._averaging())
            return torch.stack([weight * network(view) for view, weight in seen]).sum(dim=0)

        return scores

    def _averaging(self) -> dict[str, Any]:
        description = self.description
        return {"flip_averaging": description.flip_averaging, "shift_averaging": description.shift_averaging}

    def _pixels(self, images: np.ndarray) -> Tensor:
        check_images(images, self.image_shape)
        device = next(self.network.parameters()).device
        return torch.from_numpy(np.array(images.transpose(0, 3, 1, 2), order="C")).to(device)


def store_neural_model(model: NeuralModel) -> StoredModel:
    """The model's parts, to be written with `save_stored_model`."""
    arrays = {name: value.detach().cpu().numpy() for name, value in model.network.state_dict().items()}
    settings = describe(model.description)
    return StoredModel("neural", model.experiment, model.class_names, model.image_shape, settings, arrays)


def build_neural_model(stored: StoredModel) -> NeuralModel:
    """Back from `store_neural_model`, on the CPU.

    Raises ValueError for an unknown kind, and RuntimeError if the arrays are not those of the net described.
    """
    for module in iter_modules(networks.__path__):  # a net is known once it is defined
        import_module(f"{networks.__name__}.{module.name}")
    description: NetDescription = rebuild(stored.settings, NetDescription)
    parts = vars(description.architecture).values()
    n_layers = max([0, *(len(part) for part in parts if isinstance(part, tuple))])
    if n_layers > len(stored.arrays):  # each layer or block has arrays of its own
        raise ValueError(f"{n_layers} layers cannot have their weights in {len(stored.arrays)} arrays")
    if not 0 <= description.shift_averaging < min(stored.image_shape[:2]):
        raise ValueError(f"shift_averaging must lie within the pictures, got {description.shift_averaging} pixels")
    # On no device, so that a file that promises more weights than it holds fills no memory.
    network = outline_network(description.architecture, stored.image_shape, len(stored.class_names))
    weights = {name: torch.from_numpy(array) for name, array in stored.arrays.items()}
    for name, expected in network.state_dict().items():  # names and shapes are left to torch, which tells all at once
        if name in weights and weights[name].dtype != expected.dtype:
            raise ValueError(f"{name} must be {expected.dtype}, got {weights[name].dtype}")
    network.load_state_dict(weights, assign=True)
    network = network.to(memory_format=torch.channels_last).requires_grad_(False)  # type: ignore[call-overload]
    return NeuralModel(stored.experiment, stored.class_names, stored.image_shape, description, network.eval())
