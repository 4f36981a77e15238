"""Cutting work into pieces that fit the cache, and spreading the pieces over the cores.

A long chain of operations over all rows at once runs at the speed of main memory; the same chain over a piece
that stays in the second-level cache runs at the speed of the arithmetic. And one piece per core, with each
operation single-threaded, needs no barrier between operations: on a busy machine that is many times faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch

from bakeoff.pipelines.machine.tracing import is_exporting

# Intermediate values of one piece: about a core's second-level cache on the CPU; enough to fill an accelerator.
SCRATCH_BYTES = {"cpu": 2**21, "cuda": 2**28}
# Rows summed in float32 before the sum goes to float64, and the unit of work of one core.
SPAN_ROWS = 8192


def rows_per_chunk(bytes_per_row: int, device: torch.device) -> int:
    """How many rows of scratch, each of bytes_per_row, one piece may have on the device: at least 1."""
    return max(1, SCRATCH_BYTES.get(device.type, SCRATCH_BYTES["cuda"]) // max(1, bytes_per_row))


def spans_of(rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The rows in the units of work of `map_on_cores`: SPAN_ROWS each on the CPU, all at once on an accelerator."""
    return rows.split(SPAN_ROWS) if rows.device.type == "cpu" else (rows,)


def iterate_blocks(
    descriptors: torch.Tensor | Iterable[torch.Tensor], *, checked: bool = False
) -> Iterator[torch.Tensor]:
    """Yield the blocks of a stream of descriptors, or the one tensor itself, checked.

    descriptors: float32 (n, d), or an iterable of such blocks that can be gone through again and again.
    checked: an earlier round has checked them.
    Raises ValueError for a one-shot generator, a wrong shape or dtype, or a value that is not finite.
    """
    if isinstance(descriptors, Iterator):
        raise ValueError(
            "descriptors must be a tensor or blocks that can be read again, such as a list, got a generator"
        )
    dimension: int | None = None
    for block in [descriptors] if isinstance(descriptors, torch.Tensor) else descriptors:
        if not checked:
            check_rows(block, dimension)
            dimension = block.shape[1]
        yield block


def check_rows(rows: torch.Tensor, dimension: int | None = None, name: str = "descriptors") -> None:
    """Raise ValueError unless rows is finite float32 (n, dimension); None allows any dimension."""
    if rows.ndim != 2 or rows.dtype != torch.float32 or dimension not in (None, rows.shape[1]):
        expected = "d" if dimension is None else dimension
        raise ValueError(f"{name} must be float32 (n, {expected}), got {rows.dtype} {tuple(rows.shape)}")
    check_finite(rows, name)


def check_finite(values: torch.Tensor, name: str = "descriptors") -> None:
    """Raise ValueError if any value is NaN or infinite."""
    if is_exporting():
        return
    # One fast pass: a sum with such a term is not finite. The second only tells it from an overflow of the sum.
    if not torch.isfinite(values.sum()) and not torch.isfinite(values).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity; drop those rows or repair their source")


def sample_rows(rows: torch.Tensor, n_rows: int, generator: torch.Generator) -> torch.Tensor:
    """At most n_rows of the rows (n, d), uniformly without replacement, in random order."""
    keys = torch.rand(len(rows), generator=generator, dtype=torch.float64)
    return rows[keys.topk(min(n_rows, len(rows)), largest=False).indices.to(rows.device)]


def argmax_last(scores: torch.Tensor) -> torch.Tensor:
    """argmax over the last dimension. On the CPU by numpy, whose argmax is ten times as fast as torch's."""
    if scores.device.type == "cpu":
        return torch.from_numpy(scores.numpy().argmax(axis=-1))
    return scores.argmax(dim=-1)
