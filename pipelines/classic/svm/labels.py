"""Labels as a linear SVM reads them: checked, as signs of every class against the rest, and what each row costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix

ClassWeight = Literal["balanced"] | Sequence[float] | np.ndarray | None


def check_labels(features: FeatureMatrix, labels: np.ndarray | torch.Tensor, n_classes: int, C: float) -> torch.Tensor:  # noqa: N803
    """The labels as int64 (n,) on the device of the features; ValueError where they, C or a shape are out of range."""
    if C <= 0:
        raise ValueError(f"C must be positive, got {C}")
    if 0 in features.shape:
        raise ValueError(f"features must have shape (n, d) with n and d at least 1, got {features.shape}")
    labels = torch.as_tensor(labels)
    if labels.shape != (features.shape[0],) or labels.is_floating_point():
        expected = f"integers of shape ({features.shape[0]},) to match the features"
        raise ValueError(f"labels must be {expected}, got {labels.dtype} {tuple(labels.shape)}")
    least, most = int(labels.min()), int(labels.max())
    if least < 0 or most >= n_classes:
        raise ValueError(f"labels must lie in 0..{n_classes - 1}, got {least}..{most}")
    if least == most:
        raise ValueError(f"labels must hold at least two classes, got only class {least}")
    return labels.long().to(features.device)


def signs_and_costs(
    labels: torch.Tensor,
    n_classes: int,
    C: float,  # noqa: N803
    class_weight: ClassWeight,
) -> tuple[torch.Tensor, torch.Tensor]:
    """float32 (n, k) each."""
    own = torch.nn.functional.one_hot(labels, n_classes).float()
    signs = 2 * own - 1
    if class_weight is None:
        return signs, torch.full_like(signs, C)
    if isinstance(class_weight, str):
        balance = len(labels) / (n_classes * own.sum(dim=0).clamp_min(1))  # (k,)
    else:
        balance = torch.as_tensor(class_weight).to(own)
    if balance.shape != (n_classes,) or not (balance > 0).all():
        raise ValueError(f"class_weight must hold {n_classes} positive factors, got {class_weight}")
    others = balance.flip(0) if n_classes == 2 else torch.ones_like(balance)
    return signs, C * torch.where(own > 0, balance, others)
