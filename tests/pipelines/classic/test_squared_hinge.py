from concurrent.futures import Executor

import numpy as np
import pytest
import torch

from pipelines.classic.chunks import one_worker_per_core
from pipelines.classic.squared_hinge import SquaredHinge


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
    return SquaredHinge(features, signs, costs, 1.5, workers), weights, direction


def test_scores_and_objective_are_those_of_the_formula(workers):
    hinge, weights, _ = problem(workers)
    scores = hinge.scores(weights)
    objective = hinge.objective(weights, scores)
    for c in range(3):
        total = 0.5 * float(weights[c] @ weights[c])
        for i, x in enumerate(hinge.features):
            score = float(x @ weights[c, :-1] + 1.5 * weights[c, -1])
            np.testing.assert_allclose(scores[i, c], score, atol=1e-5)
            total += float(hinge.costs[i, c]) * max(0.0, 1 - float(hinge.signs[i, c]) * score) ** 2
        np.testing.assert_allclose(objective[c], total, rtol=1e-6)


def test_gradient_agrees_with_autograd(workers):
    hinge, weights, _ = problem(workers)
    weights.requires_grad_()
    extended = torch.cat([hinge.features, torch.full((40, 1), 1.5)], dim=1)
    losses = hinge.costs * (1 - hinge.signs * (extended @ weights.T)).clamp_min(0) ** 2
    (weights.square().sum() / 2 + losses.sum()).backward()
    ours = hinge.gradient(weights.detach(), hinge.scores(weights.detach()))
    torch.testing.assert_close(ours, weights.grad, rtol=1e-4, atol=1e-4)


def test_line_search_finds_where_the_slope_is_zero(workers):
    hinge, weights, direction = problem(workers)
    direction = -hinge.gradient(weights, hinge.scores(weights)) + 0.1 * direction
    lengths = hinge.line_search(weights, hinge.scores(weights), direction, hinge.scores(direction))
    reached = weights + lengths[:, None] * direction
    slopes = (hinge.gradient(reached, hinge.scores(reached)) * direction).sum(dim=1)
    start = (hinge.gradient(weights, hinge.scores(weights)) * direction).sum(dim=1)
    assert (lengths > 0).all()
    assert (slopes.abs() <= 1e-3 * start.abs()).all()


def test_line_search_stays_where_every_way_goes_up(workers):
    hinge, weights, _ = problem(workers)
    uphill = hinge.gradient(weights, hinge.scores(weights))
    lengths = hinge.line_search(weights, hinge.scores(weights), uphill, hinge.scores(uphill))
    assert (lengths >= 0).all()
    assert (lengths < 1e-6).all()
