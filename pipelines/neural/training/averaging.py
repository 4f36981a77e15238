"""Moving average of the weights along training: a better net than its last step, for free."""

from __future__ import annotations

from torch import Tensor, nn

Weights = dict[str, Tensor]
# Steps between two averagings: each reads and writes all weights, which costs as much as a tenth of a step.
INTERVAL = 5


def copy_weights(network: nn.Module) -> Weights:
    """A copy of every weight and buffer, by name."""
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def update_average(average: Weights, network: nn.Module, decay: float, n_updates: int) -> None:
    """average <- d average + (1 - d) weights, in place, with d = min(decay, (1 + n) / (10 + n)).

    n_updates: n, how many there are with this one, from 1; the smaller d of the first ones lets the mean forget the
    first weights.
    Counters (integers) are copied.
    """
    share = min(decay, (1 + n_updates) / (10 + n_updates))
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            average[name].lerp_(value, 1 - share)
        else:
            average[name].copy_(value)
