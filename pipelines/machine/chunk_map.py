"""A pure function over chunks, wherever there are hands for it: all that work on many machines asks of a stage.

A stage that takes a `MapChunks` neither knows nor cares whether threads of this process or the workers of a cluster
compute. What it gives them must stand alone: a function of a module (or a `functools.partial` of one) and chunks that
hold all that the function needs. Chunks and the order of results never depend on the number of workers, and so neither
does what a stage makes of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")


class MapChunks(Protocol):
    """function(chunk) of every chunk, in the order of the chunks, which are asked for only as workers become free."""

    def __call__(self, function: Callable[[Chunk], Result], chunks: Iterable[Chunk], /) -> Iterator[Result]: ...


def results_in_order(submit: Callable[[Chunk], Any], chunks: Iterable[Chunk], n_ahead: int) -> Iterator[Any]:
    """Results of the futures that `submit` returns, in the order of the chunks, at most n_ahead of them under way.

    So the memory is that of n_ahead chunks and results, however many there are.
    """
    under_way: deque[Any] = deque()
    for chunk in chunks:
        if len(under_way) == n_ahead:
            yield under_way.popleft().result()
        under_way.append(submit(chunk))
    while under_way:
        yield under_way.popleft().result()
