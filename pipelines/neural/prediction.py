"""Logits of many pictures, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from pipelines.neural.augmentation import shift
from pipelines.neural.averaging import Weights

PICTURES_AT_A_TIME = 1000
PLACES = ((0, 0), (1, 1), (-1, -1), (1, -1), (-1, 1))  # rows and columns, in units of the shift


@torch.inference_mode()
def predict_scores(
    network: nn.Module,
    images: Tensor,
    *,
    weights: Weights | None = None,
    flip_averaging: bool = False,
    shift_averaging: int = 0,
    bfloat16: bool = False,
) -> Tensor:
    """float32 (n, n_classes) logits.

    images: uint8 (n, channels, height, width).   weights: used in place of the network's own.
    flip_averaging, shift_averaging: the mean over the `views` of each picture.
    """
    was_training = network.training
    network.eval()
    state = weights if weights is not None else dict(network.state_dict())
    parts = []
    with torch.autocast(images.device.type, torch.bfloat16, enabled=bfloat16):
        for part in images.split(PICTURES_AT_A_TIME):
            scores = [
                torch.func.functional_call(network, state, (view,)).float()
                for view in views(part, flip_averaging, shift_averaging)
            ]
            parts.append(torch.stack(scores).mean(dim=0))
    network.train(was_training)
    return torch.cat(parts)


def n_views(flip_averaging: bool, shift_averaging: int) -> int:
    """How many predictions a picture takes."""
    return (len(PLACES) if shift_averaging else 1) * (2 if flip_averaging else 1)


def views(images: Tensor, flip_averaging: bool, shift_averaging: int) -> Iterator[Tensor]:
    """The pictures as they are; then moved by `shift_averaging` pixels along both diagonals, borders mirrored, if that
    is not 0; and the mirror image of each, if `flip_averaging`. All as images, uint8 (n, channels, height, width).
    """
    for place in PLACES if shift_averaging else PLACES[:1]:
        moved = shift(images, shift_averaging * torch.tensor([place]).expand(len(images), 2))
        yield moved
        if flip_averaging:
            yield moved.flip(3)


def accuracy(scores: Tensor, labels: Tensor) -> float:
    """Share of rows whose largest score is at their label, in 0..1."""
    return (scores.argmax(dim=1) == labels).double().mean().item()
