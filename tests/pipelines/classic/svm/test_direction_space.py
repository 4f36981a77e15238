import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.svm.direction_space import MOST_DIRECTIONS, DirectionSpace, empty_space


def space_of(features: torch.Tensor, *blocks: torch.Tensor, scale: torch.Tensor | None = None) -> DirectionSpace:
    space = empty_space(len(features), scale if scale is not None else torch.ones(features.shape[1]))
    for block in blocks:
        new = space.new_in(block)
        space.add(new, features @ new.T)
    return space


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_what_is_new_in_a_vector_by_hand():
    space = space_of(torch.eye(3), torch.tensor([[2.0, 0.0, 0.0]]))
    new = space.new_in(torch.tensor([[5.0, 0.0, -3.0]]))
    torch.testing.assert_close(new.abs(), torch.tensor([[0.0, 0.0, 1.0]]))


def test_directions_stay_orthonormal_and_span_all_that_was_added():
    features, first, second = random(50, 30, seed=1), random(4, 30), random(5, 30, seed=2)
    space = space_of(features, first, second * 1e-6)
    torch.testing.assert_close(space.directions @ space.directions.T, torch.eye(9), atol=1e-5, rtol=0)
    both = torch.cat([first, second])
    torch.testing.assert_close(space.coordinates(both) @ space.directions, both, atol=1e-4, rtol=0)
    torch.testing.assert_close(space.scores, features @ space.directions.T, atol=1e-4, rtol=0)


@pytest.mark.parametrize("spread", [1.0, 10.0, 1e8])
def test_metric_is_that_of_the_scaled_directions_also_after_shrinking(spread):
    scale = 1e-20 * torch.logspace(0, float(np.log10(spread)), MOST_DIRECTIONS + 40)
    features = random(5, len(scale), seed=1)
    space = space_of(features, random(MOST_DIRECTIONS, len(scale)), random(4, len(scale), seed=2), scale=scale)
    for _ in range(2):
        scaled = space.directions.double() * scale.double()
        expected = scaled @ scaled.T
        torch.testing.assert_close(space.metric, expected, atol=1e-6 * float(expected.max()), rtol=1e-4)
        assert torch.linalg.eigvalsh(space.metric)[0] > -1e-7 * float(expected.max())
        space.shrink(random(3, len(space.directions), seed=3))


def test_nothing_is_outside_a_full_space():
    space = space_of(torch.eye(3), random(3, 3))
    assert not space.outside(random(2, 3, seed=1)).any()
    half = space_of(torch.eye(3), torch.tensor([[2.0, 0.0, 0.0]]))
    torch.testing.assert_close(half.outside(torch.tensor([[5.0, 0.0, -3.0]])), torch.tensor([[0.0, 0.0, -3.0]]))


def test_multiples_zeros_and_what_is_known_bring_nothing_new():
    known = random(2, 30)
    space = space_of(random(5, 30, seed=1), known)
    assert len(space.new_in(torch.cat([known, known.sum(dim=0, keepdim=True), torch.zeros(1, 30)]))) == 0
    other = random(1, 30, seed=3)
    assert len(space.new_in(torch.cat([other, -2 * other]))) == 1  # as of two classes that are each other's opposite


def test_a_full_space_shrinks_and_keeps_what_was_reached():
    features = random(40, MOST_DIRECTIONS + 80, seed=1)
    space = space_of(features, random(MOST_DIRECTIONS, MOST_DIRECTIONS + 80), random(4, MOST_DIRECTIONS + 80, seed=2))
    reached = random(3, MOST_DIRECTIONS + 4, seed=3)
    weights, scores, latest = reached @ space.directions, space.scores @ reached.T, space.directions[-4:]
    space.shrink(reached)
    assert len(space.directions) == MOST_DIRECTIONS // 2 + 3
    for kept in (weights, latest):
        torch.testing.assert_close(space.coordinates(kept) @ space.directions, kept, atol=1e-3, rtol=0)
    torch.testing.assert_close(space.scores @ space.coordinates(weights).T, scores, atol=1e-2, rtol=1e-3)


def test_a_space_with_room_is_left_as_it_is():
    space = space_of(random(5, 30, seed=1), random(2, 30))
    before = space.directions
    space.shrink(torch.ones(1, 2))
    assert space.directions is before
