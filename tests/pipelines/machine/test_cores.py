from concurrent.futures import Future
from itertools import count

import pytest
import torch

from bakeoff.pipelines.machine.cores import map_on_cores, results_in_order


def finished(value):
    future = Future()
    future.set_result(value)
    return future


@pytest.mark.parametrize("n_ahead", [1, 3, 100])
def test_results_come_in_the_order_of_the_chunks(n_ahead):
    assert list(results_in_order(lambda chunk: finished(-chunk), range(10), n_ahead)) == [-chunk for chunk in range(10)]


def test_no_more_chunks_are_taken_than_may_be_under_way():
    """So a stream without end, or one that would not fit into memory, can be worked through."""
    taken = []

    def chunks():
        for number in count():
            taken.append(number)
            yield number

    results = results_in_order(finished, chunks(), n_ahead=3)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(taken) == 5 + 3


def test_an_error_comes_where_its_result_would_have():
    failed = Future()
    failed.set_exception(ValueError("chunk 1"))
    results = results_in_order(lambda chunk: failed if chunk == 1 else finished(chunk), range(3), n_ahead=3)
    assert next(results) == 0
    with pytest.raises(ValueError, match="chunk 1"):
        next(results)


@pytest.mark.parametrize("with_gradients", [True, False])
def test_every_core_computes_with_gradients_or_without_as_the_caller(with_gradients):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with torch.set_grad_enabled(with_gradients):
            assert map_on_cores(lambda chunk: torch.is_grad_enabled(), range(4)) == [with_gradients] * 4
    finally:
        torch.set_num_threads(before)
