"""Fitted values (frozen dataclasses of tensors, perhaps nested): as named arrays on disk and back, on other devices."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, get_type_hints

import numpy as np
import torch

Fitted = TypeVar("Fitted")


def to_arrays(value: Any, prefix: str = "") -> dict[str, np.ndarray]:
    """Flatten a dataclass: field `pca` with field `mean` becomes the array `pca.mean`."""
    arrays: dict[str, np.ndarray] = {}
    for field in fields(value):
        part = getattr(value, field.name)
        name = prefix + field.name
        if is_dataclass(part):
            arrays |= to_arrays(part, f"{name}.")
        else:
            arrays[name] = part.cpu().numpy() if isinstance(part, torch.Tensor) else np.asarray(part)
    return arrays


def on_device(value: Fitted, device: torch.device) -> Fitted:
    """The same with all tensors there."""
    if isinstance(value, torch.Tensor):
        return value.to(device)  # type: ignore[return-value]
    if not is_dataclass(value):
        return value
    moved = {field.name: on_device(getattr(value, field.name), device) for field in fields(value)}
    return replace(value, **moved)  # type: ignore[type-var, return-value]


def from_arrays(kind: type[Fitted], arrays: Mapping[str, np.ndarray], prefix: str = "") -> Fitted:
    """Rebuild a dataclass from what `to_arrays` made of it. Raises ValueError, naming the array, if one is missing."""
    parts: dict[str, Any] = {}
    for name, hint in get_type_hints(kind).items():
        place = prefix + name
        if is_dataclass(hint):
            parts[name] = from_arrays(hint, arrays, f"{place}.")  # type: ignore[arg-type]
        elif place not in arrays:
            raise ValueError(f"the stored value has no array {place!r}, only {sorted(arrays)}")
        else:
            array = np.array(arrays[place])  # a copy: what comes from the cache is read-only
            is_tensor = hint is torch.Tensor
            parts[name] = torch.from_numpy(array) if is_tensor else array.item() if array.ndim == 0 else array
    return kind(**parts)
