"""Seams for torch.export, which follows a computation with numbers that are only promised.

What depends on no picture - weights of pooling, positions, what was learned - is computed with real numbers all the
same, and becomes a constant of the graph.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from torch.compiler import is_exporting
from torch.utils._python_dispatch import _disable_current_modes as untraced

__all__ = ["computed_once", "is_exporting", "untraced"]

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def computed_once(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The function with its latest results kept, for hashable arguments; never traced."""

    @lru_cache(maxsize=64)
    @wraps(function)
    def compute(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        with untraced():
            return function(*arguments, **named)

    return compute  # type: ignore[return-value]
