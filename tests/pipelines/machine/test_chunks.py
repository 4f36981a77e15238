"""Chunks of rows, spread over cores."""

import pytest
import torch

from bakeoff.pipelines.machine.cores import argmax_last, check_finite, map_on_cores, sample_rows


@pytest.fixture(params=[1, 2])
def n_threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_items_and_threads_are_restored(n_threads):
    assert map_on_cores(lambda item: item * item, range(20)) == [item * item for item in range(20)]
    assert torch.get_num_threads() == n_threads


def test_an_error_in_a_task_reaches_the_caller_and_threads_are_restored(n_threads):
    with pytest.raises(ZeroDivisionError):
        map_on_cores(lambda item: 1 // item, [1, 0, 1])
    assert torch.get_num_threads() == n_threads


def test_a_sample_of_all_rows_is_a_permutation():
    sample = sample_rows(torch.arange(10.0)[:, None], 50, torch.Generator().manual_seed(0))
    assert sorted(sample[:, 0].tolist()) == list(range(10))


def test_every_row_is_sampled_equally_often():
    rows, generator = torch.arange(12.0)[:, None], torch.Generator().manual_seed(0)
    counts = torch.zeros(12)
    for _ in range(600):
        counts[sample_rows(rows, 4, generator)[:, 0].long()] += 1
    assert (counts - 200).abs().max() < 60  # five standard deviations


def test_argmax_agrees_with_torch():
    scores = torch.randn(3, 50, 7)
    assert torch.equal(argmax_last(scores), scores.argmax(dim=-1))


def test_finite_values_whose_sum_overflows_are_finite():
    check_finite(torch.full((4,), 3e38))
    with pytest.raises(ValueError, match="finite"):
        check_finite(torch.tensor([1.0, -torch.inf, torch.inf]))
