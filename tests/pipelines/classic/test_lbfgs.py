import torch

from pipelines.classic.lbfgs import CurvaturePairs


def test_without_pairs_it_is_the_preconditioned_descent():
    gradient = torch.tensor([[1.0, -2.0]])
    torch.testing.assert_close(CurvaturePairs().direction(gradient, lambda g: 3 * g), -3 * gradient)


def test_one_pair_is_the_update_worked_out_by_hand():
    # s = (1, 0), y = (2, 0): scale s.y / y.y = 1/2, H = diag(1/2, 1/2).
    pairs = CurvaturePairs()
    pairs.remember(torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 0.0]]))
    direction = pairs.direction(torch.tensor([[4.0, 6.0]]), lambda g: g)
    torch.testing.assert_close(direction, torch.tensor([[-2.0, -3.0]]))


def test_equals_the_dense_update_formula_for_every_problem():
    generator = torch.Generator().manual_seed(0)
    k, d = 3, 8
    roots = torch.randn(k, d, d, generator=generator)
    hessians = roots @ roots.transpose(1, 2) + torch.eye(d)
    pairs, gradient = CurvaturePairs(), torch.randn(k, d, generator=generator)
    inverses, moves = [], torch.randn(4, k, d, generator=generator)
    bends = torch.einsum("tkd,kde->tke", moves, hessians)
    diagonal = torch.rand(d, generator=generator) + 0.5
    for moved, bent in zip(moves, bends, strict=True):
        pairs.remember(moved, bent)
    for c in range(k):
        scale = (moves[-1, c] @ bends[-1, c]) / (bends[-1, c] @ (diagonal * bends[-1, c]))
        inverse = scale * torch.diag(diagonal)
        for moved, bent in zip(moves[:, c], bends[:, c], strict=True):  # equation 7.16
            projector = torch.eye(d) - torch.outer(bent, moved) / (moved @ bent)
            inverse = projector.T @ inverse @ projector + torch.outer(moved, moved) / (moved @ bent)
        inverses.append(inverse)
    expected = -torch.einsum("kde,ke->kd", torch.stack(inverses), gradient)
    torch.testing.assert_close(pairs.direction(gradient, lambda g: diagonal * g), expected, rtol=1e-3, atol=1e-4)


def test_a_problem_that_no_longer_moves_keeps_its_preconditioned_descent():
    pairs = CurvaturePairs()
    pairs.remember(torch.tensor([[0.0, 0.0], [1.0, 0.0]]), torch.tensor([[0.0, 0.0], [2.0, 0.0]]))
    direction = pairs.direction(torch.ones(2, 2), lambda g: g)
    torch.testing.assert_close(direction, torch.tensor([[-1.0, -1.0], [-0.5, -0.5]]))
