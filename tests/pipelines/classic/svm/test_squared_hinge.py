from concurrent.futures import Executor
from dataclasses import replace

import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import as_matrix
from bakeoff.pipelines.classic.svm.direction_space import DirectionSpace, empty_space
from bakeoff.pipelines.classic.svm.squared_hinge import SquaredHinge, line_search, minimize_class
from bakeoff.pipelines.machine.cores import one_worker_per_core


@pytest.fixture
def workers():
    with one_worker_per_core() as pool:
        yield pool


def problem(workers: Executor, n: int = 40, d: int = 5, k: int = 3) -> tuple[SquaredHinge, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    signs = 2.0 * torch.randint(2, (n, k), generator=generator) - 1
    costs = torch.rand(n, k, generator=generator)
    features = torch.randn(n, d, generator=generator)
    weights, direction = torch.randn(2, k, d + 1, generator=generator)
    return SquaredHinge(as_matrix(features), signs, costs, torch.ones(d + 1), workers), weights, direction


def space_of(hinge: SquaredHinge, directions: torch.Tensor) -> DirectionSpace:
    space = empty_space(len(hinge.signs), hinge.scale)
    space.add(directions, hinge.scores(directions))
    return space


def test_scores_and_objective_are_those_of_the_formula(workers):
    hinge, weights, _ = problem(workers)
    scores = hinge.scores(weights)
    objective = hinge.objective(weights, scores)
    for c in range(3):
        total = 0.5 * float(weights[c] @ weights[c])
        for i, x in enumerate(hinge.features[:]):
            score = float(x @ weights[c, :-1] + weights[c, -1])
            np.testing.assert_allclose(scores[i, c], score, atol=1e-5)
            total += float(hinge.costs[i, c]) * max(0.0, 1 - float(hinge.signs[i, c]) * score) ** 2
        np.testing.assert_allclose(objective[c], total, rtol=1e-6)


def test_gradient_agrees_with_autograd(workers):
    hinge, weights, _ = problem(workers)
    weights.requires_grad_()
    extended = torch.cat([hinge.features[:], torch.ones(40, 1)], dim=1)
    losses = hinge.costs * (1 - hinge.signs * (extended @ weights.T)).clamp_min(0) ** 2
    (weights.square().sum() / 2 + losses.sum()).backward()
    ours = hinge.gradient(weights.detach(), hinge.scores(weights.detach()))
    torch.testing.assert_close(ours, weights.grad, rtol=1e-4, atol=1e-4)


def test_minimum_within_one_row_by_hand():
    # s = 1, y = 1: a^2 / 2 + c (1 - a)^2 is least at a = 2 c / (1 + 2 c).
    one = torch.ones(1)
    reached, left = minimize_class(one[None], one, 2 * one, 0 * one, torch.eye(1, dtype=torch.float64))
    torch.testing.assert_close(reached, torch.tensor([0.8], dtype=torch.float64))
    assert left < 1e-9


def test_minimum_within_one_row_of_another_metric_by_hand():
    # M a^2 / 2 + c (1 - a)^2 is least at a = 2 c / (M + 2 c).
    one = torch.ones(1)
    reached, _ = minimize_class(one[None], one, 2 * one, 0 * one, torch.full((1, 1), 12, dtype=torch.float64))
    torch.testing.assert_close(reached, torch.tensor([0.25], dtype=torch.float64))


def test_scaled_weights_have_the_same_objective_and_the_scaled_gradient(workers):
    hinge, weights, _ = problem(workers)
    scale = torch.tensor([1e-3, 0.1, 1.0, 10.0, 1e3, 2.0])
    scaled = replace(hinge, scale=scale)
    scores, same = hinge.scores(weights), scaled.scores(weights / scale)
    torch.testing.assert_close(same, scores, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(scaled.objective(weights / scale, same), hinge.objective(weights, scores))
    expected = hinge.gradient(weights, scores) * scale
    torch.testing.assert_close(scaled.gradient(weights / scale, scores), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("precise", [False, True])
def test_minimum_within_a_space_has_no_slope_along_it(workers, precise):
    hinge, weights, _ = problem(workers)
    directions = torch.linalg.qr(weights.T).Q.T.contiguous()  # (3, d + 1)
    space = space_of(hinge, directions)
    reached, _ = hinge.minimize_within(space, torch.zeros(3, 3), precise=precise)
    found = reached.float() @ directions
    gradient = hinge.gradient(found, hinge.scores(found))
    torch.testing.assert_close(gradient @ directions.T, torch.zeros(3, 3), atol=1e-4, rtol=0)
    one, _ = hinge.minimize_within(space, reached[1:2], first_class=1, precise=precise)
    torch.testing.assert_close(one, reached[1:2], atol=1e-5, rtol=1e-5)  # stays at the minimum of its own class


def search(hinge: SquaredHinge, c: int, weights: torch.Tensor, direction: torch.Tensor) -> float:
    scores, moved = hinge.scores(weights)[:, c], hinge.scores(direction)[:, c]
    across, along = float(weights[c] @ direction[c]), float(direction[c] @ direction[c])
    signs = hinge.signs[:, c]
    return line_search(1 - signs * scores, signs * moved, hinge.costs[:, c], across, along)


@pytest.mark.parametrize("c", [0, 1, 2])
def test_line_search_finds_where_the_slope_is_zero(workers, c):
    hinge, weights, direction = problem(workers)
    direction = -hinge.gradient(weights, hinge.scores(weights)) + 0.1 * direction
    length = search(hinge, c, weights, direction)
    reached = weights + length * direction
    slope = (hinge.gradient(reached, hinge.scores(reached)) * direction).sum(dim=1)[c]
    start = (hinge.gradient(weights, hinge.scores(weights)) * direction).sum(dim=1)[c]
    assert length > 0
    assert abs(slope) <= 1e-3 * abs(start)


def test_line_search_stays_where_every_way_goes_up(workers):
    hinge, weights, _ = problem(workers)
    uphill = hinge.gradient(weights, hinge.scores(weights))
    assert all(0 <= search(hinge, c, weights, uphill) < 1e-6 for c in range(3))
