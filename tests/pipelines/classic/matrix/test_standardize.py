import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from bakeoff.pipelines.classic.matrix.standardize import fit_standardizer, standardize


def features(n: int = 500, d: int = 7) -> np.ndarray:
    generator = np.random.default_rng(0)
    return (generator.normal(size=(n, d)) * 10.0 ** np.arange(-3, 4) + 1000).astype(np.float32)


def test_two_rows_by_hand():
    standardizer = fit_standardizer(torch.tensor([[1.0, 5.0], [3.0, 5.0]]))
    assert standardizer.mean.tolist() == [2.0, 5.0]
    assert standardizer.scale.tolist() == [1.0, 1.0]
    assert standardize(torch.tensor([[4.0, 6.0]]), standardizer).tolist() == [[2.0, 1.0]]


@pytest.mark.parametrize("chunk_bytes", [2**23, 28, 84])
@pytest.mark.parametrize("make", [np.asarray, torch.from_numpy, lambda values: torch.from_numpy(values).double()])
def test_equals_scikit_learn_in_any_chunks(make, chunk_bytes, monkeypatch):
    monkeypatch.setattr("bakeoff.pipelines.classic.matrix.feature_store.CHUNK_BYTES", {"cpu": chunk_bytes, "cuda": 1})
    peer = StandardScaler().fit(features().astype(np.float64))
    ours = fit_standardizer(make(features()))
    np.testing.assert_allclose(ours.mean, peer.mean_, rtol=1e-6)
    np.testing.assert_allclose(ours.scale, peer.scale_, rtol=1e-5)


def test_standardized_training_rows_have_mean_0_and_deviation_1():
    values = features()[:, 2:]
    result = standardize(values, fit_standardizer(values))
    assert result.dtype == torch.float32
    torch.testing.assert_close(result.mean(dim=0), torch.zeros(5), atol=2e-3, rtol=0)
    torch.testing.assert_close(result.std(dim=0, correction=0), torch.ones(5), atol=1e-3, rtol=0)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e4])
def test_a_constant_feature_becomes_zero(value):
    values = np.full((1000, 1), value, np.float32)
    standardizer = fit_standardizer(values)
    assert standardizer.scale.item() == 1
    assert standardize(values, standardizer).abs().max() == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [(np.zeros((0, 3)), "n and d at least 1"), (np.array([[1.0], [np.nan]]), "NaN"), (np.array([[np.inf]]), "NaN")],
)
def test_names_what_is_wrong(values, message):
    with pytest.raises(ValueError, match=message):
        fit_standardizer(values)


def test_wants_the_features_it_was_fitted_on():
    with pytest.raises(ValueError, match=r"shape \(n, 7\) to match the standardizer, got \(500, 6\)"):
        standardize(features()[:, :6], fit_standardizer(features()))
