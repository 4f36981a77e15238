import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from bakeoff.pipelines.classic.matrix.projections import fit_standardizer, standardize


def features(n: int = 500, d: int = 7) -> torch.Tensor:
    generator = np.random.default_rng(0)
    return torch.from_numpy(generator.normal(size=(n, d)) * 10.0 ** np.arange(-3, 4) + 1000).float()


def test_two_rows_by_hand():
    standardizer = fit_standardizer([torch.tensor([[1.0, 5.0], [3.0, 5.0]])])
    assert standardizer.mean.tolist() == [2.0, 5.0]
    assert standardizer.scale.tolist() == [1.0, 1.0]
    assert standardize(torch.tensor([[4.0, 6.0]]), standardizer).tolist() == [[2.0, 1.0]]


@pytest.mark.parametrize("n_rows", [500, 1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_scikit_learn_in_any_chunks(dtype, n_rows):
    peer = StandardScaler().fit(features().numpy().astype(np.float64))
    ours = fit_standardizer(features().to(dtype).split(n_rows))
    np.testing.assert_allclose(ours.mean, peer.mean_, rtol=1e-6)
    np.testing.assert_allclose(ours.scale, peer.scale_, rtol=1e-5)


def test_standardized_training_rows_have_mean_0_and_deviation_1():
    values = features()[:, 2:]
    result = standardize(values, fit_standardizer([values]))
    assert result.dtype == torch.float32
    torch.testing.assert_close(result.mean(dim=0), torch.zeros(5), atol=2e-3, rtol=0)
    torch.testing.assert_close(result.std(dim=0, correction=0), torch.ones(5), atol=1e-3, rtol=0)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e4])
def test_a_constant_feature_becomes_zero(value):
    values = torch.full((1000, 1), value)
    standardizer = fit_standardizer([values])
    assert standardizer.scale.item() == 1
    assert standardize(values, standardizer).abs().max() == 0


@pytest.mark.parametrize(
    ("chunks", "message"),
    [([], "at least one row"), ([torch.tensor([[1.0], [torch.nan]])], "NaN"), ([torch.tensor([[torch.inf]])], "NaN")],
)
def test_names_what_is_wrong(chunks, message):
    with pytest.raises(ValueError, match=message):
        fit_standardizer(chunks)


def test_wants_the_features_it_was_fitted_on():
    with pytest.raises(ValueError, match=r"shape \(n, 7\) to match the standardizer, got \(500, 6\)"):
        standardize(features()[:, :6], fit_standardizer([features()]))
