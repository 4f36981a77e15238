"""Optimizers, each with weight decay on matrices and filters alone, and the schedules of their learning rates."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from bakeoff.pipelines.neural.config import Optimizer as Settings
from bakeoff.pipelines.neural.config import Schedule

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # quintic that pulls singular values towards 1; Jordan 2024
NEWTON_SCHULZ_STEPS = 5
START, END = 1 / 25, 1e-4  # of the top rate: where one-cycle begins and ends (Smith, Topin 2018)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum whose update, for groups that are `orthogonal`, is replaced by the nearest orthogonal matrix.

    The others, such as biases and gains, take the plain Nesterov step.
    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers". Differs: the orthogonal update is scaled by
    sqrt(max(1, rows / columns)), for every matrix, and weight decay is decoupled for all.
    """

    def __init__(self, groups: Iterable[Any], learning_rate: float, momentum: float) -> None:
        super().__init__(groups, {"lr": learning_rate, "momentum": momentum, "weight_decay": 0.0, "orthogonal": False})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        pairs = [(group, parameter) for group in self.param_groups for parameter in group["params"]]
        for group, parameter in pairs:
            if parameter.grad is None:
                continue
            if "velocity" not in self.state[parameter]:
                self.state[parameter]["velocity"] = torch.zeros_like(parameter)
            velocity = self.state[parameter]["velocity"].mul_(group["momentum"]).add_(parameter.grad)
            update = parameter.grad.add(velocity, alpha=group["momentum"])
            if group["orthogonal"]:
                update = orthogonalize(update.flatten(1)).view(parameter.shape)
            parameter.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-group["lr"])


def orthogonalize(matrix: Tensor) -> Tensor:
    """Nearly U V^T of the singular value decomposition U S V^T, times sqrt(max(1, rows / columns)).

    Five steps X <- a X + b (X X^T) X + c (X X^T)^2 X from X = matrix / |matrix|: singular values end within 0.5..1.3.
    """
    a, b, c = NEWTON_SCHULZ
    rows, columns = matrix.shape
    wide = matrix if rows <= columns else matrix.T
    x = wide / (wide.norm() + 1e-7)
    for _ in range(NEWTON_SCHULZ_STEPS):
        product = x @ x.T
        x = a * x + (b * product + c * product @ product) @ x
    return (x if rows <= columns else x.T) * max(1, rows / columns) ** 0.5


def build_optimizer(network: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """The optimizer over the network's parameters; only parameters of two or more axes decay."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    matrices, filters = [p for p in parameters if p.ndim >= 2], [p for p in parameters if p.ndim > 2]
    groups: list[dict[str, Any]] = [
        {"params": matrices, "weight_decay": settings.weight_decay, "rate": 1.0},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0, "rate": settings.bias_rate},
    ]
    rate, momentum = settings.learning_rate, settings.momentum
    match settings.name:
        case "sgd":
            return torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=momentum > 0)
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate, betas=(momentum, 0.999), fused=parameters[0].device.type != "mps")
        case "filter-muon":
            groups[0]["params"] = [p for p in matrices if p.ndim == 2]
            own = {"params": filters, "weight_decay": settings.filter_decay, "rate": 1.0, "orthogonal": True}
            return Muon([own, *groups], rate, momentum)


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Of matrices and filters; biases and gains get theirs times their `bias_rate`."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate * group["rate"]


def learning_rate_share(schedule: Schedule, step: int, n_steps: int, warmup: float) -> float:
    """The learning rate of a step, 0 <= step < n_steps, as a share of its top: nothing else is needed to resume.

    one-cycle: half a cosine from 1/25 up to 1 over the share `warmup` of the steps, then half a cosine down to 1e-4.
    triangular: a straight line from 0 up to 1, then a straight line down to 0.
    """
    top = warmup * n_steps
    if schedule == "triangular":
        return step / top if step < top else (n_steps - step) / (n_steps - top)
    start, end, done = (START, 1.0, step / top) if step < top else (1.0, END, (step - top) / (n_steps - top))
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
