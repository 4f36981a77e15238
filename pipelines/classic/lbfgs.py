"""L-BFGS directions for k independent problems at once (Nocedal and Wright, Numerical Optimization, algorithm 7.4).

The starting matrix of the recursion is a preconditioner instead of a multiple of the identity: the pairs then only
have to learn what the preconditioner does not know.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from pipelines.classic.squared_hinge import row_dots

N_PAIRS = 5  # kept, in 2 * N_PAIRS matrices (k, d); 10 to 40 took more steps in trials, as the active rows change
# Below this cosine a pair is rounding noise of a class that has converged.
LEAST_COSINE = 1e-6


@dataclass
class CurvaturePairs:
    """The latest (change of weights, change of gradient, 1 / inner product), float32 (k, d), (k, d), (k, 1)."""

    pairs: deque[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = field(default_factory=lambda: deque(maxlen=N_PAIRS))

    def remember(self, moved: torch.Tensor, bent: torch.Tensor) -> None:
        """moved, bent: change of weights and of gradient, float32 (k, d). Noise gets weight 0."""
        product = row_dots(moved, bent)
        sizes = (row_dots(moved, moved) * row_dots(bent, bent)).sqrt()
        inverse = torch.where(product > LEAST_COSINE * sizes, 1 / product, 0)
        self.pairs.append((moved, bent, inverse.float()[:, None]))

    def direction(self, gradient: torch.Tensor, precondition: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """-H gradient, H the approximate inverse Hessian of every problem: float32 (k, d)."""
        result, factors = gradient.clone(), []
        for moved, bent, inverse in reversed(self.pairs):
            factor = inverse * _dots(moved, result)
            result -= factor * bent
            factors.append(factor)
        result = self._scale(precondition) * precondition(result)
        for (moved, bent, inverse), factor in zip(self.pairs, reversed(factors), strict=True):
            result += moved * (factor - inverse * _dots(bent, result))
        return -result

    def _scale(self, precondition: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor | float:
        """Makes the preconditioner agree with the latest pair in size (equation 7.20): float32 (k, 1)."""
        if not self.pairs:
            return 1.0
        _, bent, inverse = self.pairs[-1]
        scale = 1 / (inverse * _dots(bent, precondition(bent)))
        return torch.where(inverse > 0, scale, 1.0)


def _dots(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """float32 (k, 1)."""
    return row_dots(left, right).float()[:, None]
