"""Which pixels a net's score comes from: integrated gradients.

Source: Sundararajan, Taly, Yan, "Axiomatic attribution for deep networks", ICML 2017, equation 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

N_STEPS = 32  # the source finds 20 to 300 enough


def integrated_gradients(
    network: nn.Module,
    images: Tensor,
    classes: Tensor,
    color: Tensor,
    views: Callable[[Tensor], Iterable[tuple[Tensor, float]]] = lambda images: ((images, 1.0),),
    *,
    n_steps: int = N_STEPS,
) -> Tensor:
    """float32 (n, height, width): what each pixel, its colors summed, adds to the score of the picture's class.

    With b the empty picture of one color and s the class's logit less the mean of all logits,
        (x - b) * mean over t of grad s(b + t (x - b)),   t = 1/(2 n_steps), 3/(2 n_steps) ...  (midpoint rule);
    the values sum to s(x) - s(b), up to the error of the rule.

    images: uint8 (n, channels, height, width).   classes: int64 (n,).   color: float32 (channels,), in 0..255.
    views: of pictures, with the weights by which the net's answers to them are added.
    """
    start = color.view(1, -1, 1, 1)
    path = images.float() - start
    total = torch.zeros_like(path)
    for step in range(n_steps):
        points = (start + (step + 0.5) / n_steps * path).requires_grad_()
        logits = torch.stack([weight * network(view) for view, weight in views(points)]).sum(dim=0)
        scores = logits.gather(1, classes[:, None]).sum() - logits.mean(dim=1).sum()
        (gradient,) = torch.autograd.grad(scores, points)
        total += gradient
    return (path * total / n_steps).sum(dim=1)
