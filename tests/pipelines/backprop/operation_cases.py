"""Where every operation of the table is tested: arguments away from kinks, settings, and torch's word for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.nn import functional

LABELS = np.array([2, 0, 2, 1])
CONDITION = np.array([[True, False, True], [False, False, True]])


@dataclass(frozen=True)
class Case:
    """An operation at one point. positive: the arguments lie in 0.5 .. 2, else in -2 .. 2, no two of them close; then
    scale and shift."""

    operation: str
    torch_function: Callable[..., torch.Tensor]
    shapes: tuple[tuple[int, ...], ...]
    settings: dict[str, Any] = field(default_factory=dict)
    positive: bool = False
    scale: float = 1.0
    shift: float = 0.0

    def arguments(self) -> list[np.ndarray]:
        """Values on a shuffled grid that leaves out 0: all differ by 0.05 or more, so no maximum is near a tie."""
        rng = np.random.default_rng(0)
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        grid = np.linspace(0.5, 2, sum(sizes))
        if not self.positive:
            grid *= np.where(np.arange(len(grid)) % 2, 1, -1)
        parts = np.split(rng.permutation(grid) * self.scale + self.shift, np.cumsum(sizes)[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def __str__(self) -> str:
        return "-".join([self.operation, *map(str, self.shapes)]).replace(" ", "")


def elementwise(
    name: str, torch_function: Callable[..., torch.Tensor], positive: bool = False, **settings: Any
) -> Case:
    return Case(name, torch_function, ((2, 3),), settings, positive)


def unit(name: str, torch_function: Callable[..., torch.Tensor]) -> Case:
    """For functions of -1 .. 1."""
    return Case(name, torch_function, ((2, 3),), scale=0.45)


def broadcast(name: str, torch_function: Callable, positive: bool = False, shift: float = 0.0) -> list[Case]:
    shapes = ((2, 3), (2, 3)), ((2, 1, 3), (4, 1)), ((3,), (2, 3)), ((), (2,))
    return [Case(name, torch_function, pair, positive=positive, shift=shift) for pair in shapes]


def scattered(x: torch.Tensor) -> torch.Tensor:
    return torch.zeros(4, 2, dtype=x.dtype).index_add(0, torch.tensor([0, 2, 2]), x)


CASES = [
    *broadcast("add", torch.add),
    *broadcast("subtract", torch.subtract),
    *broadcast("multiply", torch.multiply),
    *broadcast("divide", torch.divide),
    *broadcast("power", torch.pow, positive=True),
    *broadcast("maximum", torch.maximum),
    *broadcast("minimum", torch.minimum),
    *broadcast("remainder", torch.remainder, shift=0.0137),  # no quotient is whole
    *broadcast("fmax", torch.fmax),
    *broadcast("fmin", torch.fmin),
    *broadcast("hypot", torch.hypot),
    *broadcast("arctan2", torch.arctan2),
    *broadcast("logaddexp", torch.logaddexp),
    *broadcast("logaddexp2", torch.logaddexp2),
    elementwise("negative", torch.negative),
    elementwise("absolute", torch.abs),
    elementwise("fabs", torch.abs),
    elementwise("square", torch.square),
    elementwise("reciprocal", torch.reciprocal),
    elementwise("exp", torch.exp),
    elementwise("exp2", torch.exp2),
    elementwise("expm1", torch.expm1),
    elementwise("log", torch.log, positive=True),
    elementwise("log2", torch.log2, positive=True),
    elementwise("log10", torch.log10, positive=True),
    elementwise("log1p", torch.log1p, positive=True),
    elementwise("sqrt", torch.sqrt, positive=True),
    elementwise("sin", torch.sin),
    elementwise("cos", torch.cos),
    elementwise("tan", torch.tan),
    elementwise("sinh", torch.sinh),
    elementwise("cosh", torch.cosh),
    elementwise("tanh", torch.tanh),
    unit("arcsin", torch.arcsin),
    unit("arccos", torch.arccos),
    elementwise("arctan", torch.arctan),
    elementwise("arcsinh", torch.arcsinh),
    Case("arccosh", torch.arccosh, ((2, 3),), positive=True, shift=1.0),
    unit("arctanh", torch.arctanh),
    elementwise("deg2rad", torch.deg2rad),
    elementwise("radians", torch.deg2rad),
    elementwise("rad2deg", torch.rad2deg),
    elementwise("degrees", torch.rad2deg),
    elementwise("sigmoid", torch.sigmoid),
    elementwise("relu", torch.relu),
    elementwise("softmax", lambda x: torch.softmax(x, dim=-1)),
    Case("where", lambda a, b: torch.where(torch.tensor(CONDITION), a, b), ((2, 3), (3,)), {"condition": CONDITION}),
    Case("sum", torch.sum, ((2, 3),)),
    Case("sum", lambda x: x.sum((0, 2)), ((2, 3, 2),), {"axis": (0, 2)}),
    Case("sum", lambda x: x.sum(-1, keepdim=True), ((2, 3),), {"axis": -1, "keepdims": True}),
    Case("max", torch.amax, ((2, 3),)),
    Case("max", lambda x: x.amax(1), ((2, 3, 2),), {"axis": 1}),
    Case("max", lambda x: x.amax((0, 2), keepdim=True), ((2, 3, 2),), {"axis": (0, 2), "keepdims": True}),
    Case("min", lambda x: x.amin((-1, 0), keepdim=True), ((2, 3, 2),), {"axis": (-1, 0), "keepdims": True}),
    Case("cumsum", lambda x: x.flatten().cumsum(0), ((2, 3),)),
    Case("cumsum", lambda x: x.cumsum(-2), ((2, 3, 2),), {"axis": -2}),
    Case("log_sum_exp", lambda x: x.logsumexp((0, 1)), ((2, 3),)),
    Case("log_sum_exp", lambda x: x.logsumexp(1), ((2, 3),), {"axis": 1}),
    Case("log_sum_exp", lambda x: x.logsumexp(0, keepdim=True), ((2, 3),), {"axis": 0, "keepdims": True}),
    Case("sum_of_squares", lambda x: (x * x).sum(), ((2, 3),)),
    Case("reshape", lambda x: x.reshape(3, 4), ((2, 3, 2),), {"shape": (3, -1)}),
    Case("transpose", lambda x: x.T, ((2, 3),)),
    Case("transpose", lambda x: x.permute(2, 0, 1), ((2, 3, 4),), {"axes": (2, 0, 1)}),
    Case("transpose", lambda x: x.permute(2, 0, 1), ((2, 3, 4),), {"axes": (-1, 0, -2)}),
    Case("transpose", lambda x: x.permute(1, 2, 0), ((2, 2, 2),), {"axes": (-2, -1, -3)}),
    Case("broadcast_to", lambda x: x.expand(2, 3, 4), ((3, 1),), {"shape": (2, 3, 4)}),
    Case("index", lambda x: x[1], ((2, 3),), {"key": 1}),
    Case("index", lambda x: x[:, None, 1:], ((2, 3),), {"key": (slice(None), None, slice(1, None))}),
    Case("index", lambda x: x[[0, 2, 2]], ((3, 2),), {"key": [0, 2, 2]}),
    Case("scatter", scattered, ((3, 2),), {"key": [0, 2, 2], "shape": (4, 2)}),
    Case("concatenate", lambda *parts: torch.cat(parts, -1), ((2, 3), (2, 1), (2, 2)), {"axis": -1}),
    Case("matmul", torch.matmul, ((2, 3), (3, 4))),
    Case("matmul", torch.matmul, ((3,), (3, 2))),
    Case("matmul", torch.matmul, ((2, 3), (3,))),
    Case("matmul", torch.matmul, ((3,), (3,))),
    Case("matmul", torch.matmul, ((2, 1, 2, 3), (4, 3, 2))),
    Case("matmul", torch.matmul, ((3,), (2, 3, 2))),
    Case("einsum", lambda a, b: torch.einsum("ij,jk->ik", a, b), ((2, 3), (3, 4)), {"subscripts": "ij,jk->ik"}),
    Case("einsum", lambda x: torch.einsum("ijk->j", x), ((2, 3, 2),), {"subscripts": "ijk->j"}),
    Case(
        "einsum",
        lambda a, b, c: torch.einsum("bi,oij,bj->bo", a, b, c),
        ((2, 3), (4, 3, 2), (2, 2)),
        {"subscripts": "bi,oij,bj->bo"},
    ),
    Case(
        "softmax_cross_entropy",
        lambda z: functional.cross_entropy(z, torch.tensor(LABELS)),
        ((4, 3),),
        {"labels": LABELS},
    ),
]
