import numpy as np
import pytest
import torch

from pipelines.classic.nystrom import sketch_gram


def with_bias(features: torch.Tensor, bias_feature: float) -> torch.Tensor:
    return torch.cat([features, torch.full((len(features), 1), bias_feature)], dim=1)


def test_is_exact_where_the_rank_covers_everything():
    features = torch.randn(50, 6, generator=torch.Generator().manual_seed(1))
    sketch = sketch_gram(features, bias_feature=2.0, rank=20)
    full = with_bias(features, 2.0)
    torch.testing.assert_close(sketch.vectors * sketch.values @ sketch.vectors.T, full.T @ full, atol=2e-2, rtol=1e-3)


def test_preconditions_as_the_inverse_does_where_exact():
    features = torch.randn(50, 6, generator=torch.Generator().manual_seed(1))
    sketch = sketch_gram(features, bias_feature=1.0, rank=20)
    full, residuals = with_bias(features, 1.0), torch.randn(3, 7)
    strengths = torch.tensor([0.0, 0.1, 10.0])
    result = sketch.precondition(residuals, strengths)
    for residual, strength, ours in zip(residuals, strengths, result, strict=True):
        expected = torch.linalg.solve(torch.eye(7) + strength * full.T @ full, residual)
        torch.testing.assert_close(ours / ours.norm(), expected / expected.norm(), atol=1e-3, rtol=1e-3)


def test_finds_the_strongest_directions_of_many_sorted_rows():
    generator = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(200, 200, generator=generator)).Q
    features = torch.randn(12_000, 200, generator=generator) * (100.0 / torch.arange(1, 201) ** 1.5) @ basis
    features = features[features[:, 0].argsort()]
    sketch = sketch_gram(features, bias_feature=0.0, rank=30)
    expected = torch.linalg.eigvalsh(features.T @ features).flip(0)
    torch.testing.assert_close(sketch.values[:5], expected[:5], rtol=0.15, atol=0)
    torch.testing.assert_close(sketch.vectors.T @ sketch.vectors, torch.eye(30), atol=1e-4, rtol=0)
    assert (sketch.values.diff() <= 0).all()


@pytest.mark.parametrize("n", [1, 63, 64, 65, 2047, 2049, 30_001])
def test_any_number_of_rows(n):
    sketch = sketch_gram(np.ones((n, 3), np.float32), bias_feature=1.0)
    assert float(sketch.values[0]) == pytest.approx(4 * n, rel=1e-3)  # n rows (1, 1, 1, 1)


def test_nothing_but_zeros_preconditions_nothing():
    sketch = sketch_gram(torch.zeros(10, 3), bias_feature=0.0)
    torch.testing.assert_close(sketch.precondition(torch.ones(1, 4), torch.ones(1)), torch.ones(1, 4))


def test_refuses_what_is_not_finite():
    with pytest.raises(ValueError, match="NaN, infinity"):
        sketch_gram(torch.tensor([[1.0], [float("nan")]]), bias_feature=1.0)
