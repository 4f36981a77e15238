"""Logits of many pictures, a batch at a time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipelines.neural.averaging import Weights

PICTURES_AT_A_TIME = 1000


@torch.inference_mode()
def predict_scores(
    network: nn.Module,
    images: Tensor,
    *,
    weights: Weights | None = None,
    flip_averaging: bool = False,
    bfloat16: bool = False,
) -> Tensor:
    """float32 (n, n_classes) logits.

    images: uint8 (n, channels, height, width).   weights: used in place of the network's own.
    flip_averaging: the mean over each picture and its mirror image.
    """
    was_training = network.training
    network.eval()
    state = weights if weights is not None else dict(network.state_dict())
    parts = []
    with torch.autocast(images.device.type, torch.bfloat16, enabled=bfloat16):
        for part in images.split(PICTURES_AT_A_TIME):
            scores = torch.func.functional_call(network, state, (part,)).float()
            if flip_averaging:
                scores = (scores + torch.func.functional_call(network, state, (part.flip(3),)).float()) / 2
            parts.append(scores)
    network.train(was_training)
    return torch.cat(parts)


def accuracy(scores: Tensor, labels: Tensor) -> float:
    """Share of rows whose largest score is at their label, in 0..1."""
    return (scores.argmax(dim=1) == labels).double().mean().item()
