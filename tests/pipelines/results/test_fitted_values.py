from dataclasses import dataclass

import numpy as np
import pytest
import torch

from bakeoff.pipelines.results.fitted_values import from_arrays, to_arrays


@dataclass(frozen=True)
class Inner:
    center: torch.Tensor
    inertia: float


@dataclass(frozen=True)
class Outer:
    inner: Inner
    weights: np.ndarray
    count: int


VALUE = Outer(Inner(torch.tensor([[1.0, 2.0]]), 0.5), np.arange(3), 7)


def test_arrays_are_named_by_their_path():
    arrays = to_arrays(VALUE)
    assert {name: array.tolist() for name, array in arrays.items()} == {
        "inner.center": [[1.0, 2.0]],
        "inner.inertia": 0.5,
        "weights": [0, 1, 2],
        "count": 7,
    }


def test_every_field_comes_back_as_what_it_was():
    back = from_arrays(Outer, to_arrays(VALUE))
    assert torch.equal(back.inner.center, VALUE.inner.center)
    assert back.inner.center.dtype == torch.float32
    np.testing.assert_array_equal(back.weights, VALUE.weights)
    assert (back.inner.inertia, back.count) == (0.5, 7)
    assert isinstance(back.count, int)


def test_what_is_rebuilt_shares_no_memory_with_the_store():
    """The store is read-only, and torch warns of such memory."""
    arrays = to_arrays(VALUE)
    arrays["inner.center"].flags.writeable = False
    from_arrays(Outer, arrays).inner.center.zero_()
    assert arrays["inner.center"].tolist() == [[1.0, 2.0]]


def test_a_missing_array_is_named():
    arrays = to_arrays(VALUE)
    del arrays["inner.inertia"]
    with pytest.raises(ValueError, match=r"no array 'inner\.inertia', only \['count'"):
        from_arrays(Outer, arrays)
