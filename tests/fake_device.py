"""A device that is not there: tensors that say they are elsewhere and are computed with by the CPU.

It refuses what a real one refuses: an operation on tensors of two devices (but for single values and indices), and
numpy's view of a tensor that has not been brought back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

DEVICE = torch.device("meta")
aten = torch.ops.aten
TAKES_CPU_INDICES = (aten.index.Tensor, aten.index_put_.default, aten.index_put.default, aten._index_put_impl_.default)
MOVES = (aten._to_copy.default, aten.copy_.default)


class Remote(torch.Tensor):
    """`held` is the same tensor on the CPU; views share its memory."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> "Remote":
        return torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined, no-any-return]
            cls, held.size(), held.stride(), held.storage_offset(), dtype=held.dtype, device=DEVICE
        )

    def __init__(self, held: torch.Tensor) -> None:
        self.held = held

    def __repr__(self) -> str:  # type: ignore[override]
        return f"Remote({self.held})"

    def tolist(self) -> Any:
        return self.held.tolist()

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.__name__ in ("matmul", "__matmul__") and args[0].ndim == 1 and args[1].ndim == 2:
            return torch.mv(args[1].T, args[0])  # torch squeezes a matrix in place, whose new shape nobody is told
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **kwargs or {})

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(func, args, kwargs or {})


def compute(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What the operation gives, on the device of its operands, or where `device` says."""
    flat, spec = tree_flatten((args, kwargs))
    remote = [value for value in flat if isinstance(value, Remote)]
    here = [value for value in flat if isinstance(value, torch.Tensor) and not isinstance(value, Remote)]
    strangers = [value for value in here if value.ndim > 0]
    if remote and strangers and func not in MOVES and not (func in TAKES_CPU_INDICES and isinstance(args[0], Remote)):
        raise RuntimeError(f"{func} on tensors of two devices: {[tuple(t.shape) for t in remote + strangers]}")
    target = kwargs.get("device")
    is_remote = bool(remote) if target is None else torch.device(target).type == DEVICE.type
    held = [v.held if isinstance(v, Remote) else torch.device("cpu") if _is_device(v) else v for v in flat]
    inner_args, inner_kwargs = tree_unflatten(held, spec)
    found = func(*inner_args, **inner_kwargs)
    if func._schema.is_mutable and func.__name__.split(".")[0].endswith("_"):
        return args[0]
    if kwargs.get("out") is not None:
        return kwargs["out"]
    return tree_map(lambda v: Remote(v) if is_remote and isinstance(v, torch.Tensor) else v, found)


def _is_device(value: Any) -> bool:
    return isinstance(value, torch.device) and value.type == DEVICE.type


class _Factories(TorchDispatchMode):
    """Operations without a tensor that name the device."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(func, args, kwargs or {})


class _Literals(TorchFunctionMode):
    """torch.tensor makes its tensor in one go, unseen by the mode above."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.tensor and _is_device(torch.device(kwargs.get("device") or "cpu")):
            return func(*args, **kwargs | {"device": "cpu"}).to(DEVICE)
        if func is torch.Tensor.new_tensor and isinstance(args[0], Remote):
            return args[0].held.new_tensor(*args[1:], **kwargs).to(DEVICE)
        return func(*args, **kwargs)


@contextmanager
def fake_device() -> Iterator[torch.device]:
    with _Factories(), _Literals():
        yield DEVICE
