from __future__ import annotations

import pytest
import torch

from bakeoff.pipelines.classic.features.planes import in_chunks, split_evenly

IMAGES = torch.arange(11 * 4 * 4, dtype=torch.uint8).reshape(11, 4, 4, 1)


@pytest.mark.parametrize(("n", "most", "n_cores"), [(100, 32, 2), (11, 4, 1), (3, 32, 2), (1, 1, 4), (64, 32, 2)])
def test_chunks_are_all_pictures_in_order_of_nearly_one_size_and_as_many_on_every_core(n, most, n_cores):
    chunks = split_evenly(torch.arange(n), most, n_cores)
    sizes = [len(pictures) for _, pictures in chunks]
    assert torch.cat([pictures for _, pictures in chunks]).tolist() == list(range(n))
    assert [start for start, _ in chunks] == [int(pictures[0]) for _, pictures in chunks]
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1
    assert len(chunks) % n_cores == 0 or len(chunks) == n


@pytest.mark.parametrize("n", [0, 1, 2, 11])
@pytest.mark.parametrize("cache_pixels", [16, 48, 1 << 20])
def test_results_lie_in_the_order_of_the_pictures_however_they_are_cut(n, cache_pixels):
    found = in_chunks(lambda chunk: chunk.float().flatten(1) + 1, IMAGES[:n], cache_pixels)
    assert torch.equal(found, IMAGES[:n].float().flatten(1) + 1)
