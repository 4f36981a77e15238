"""int8 storage of encodings."""

import pytest
import torch

from bakeoff.pipelines.classic.matrix.scalar_quantization import compress, decompress, fit_scalar_quantizer


def test_codes_by_hand():
    quantizer = fit_scalar_quantizer(torch.tensor([[127.0, 0.5], [-3.0, -1.27]]))
    codes = compress(torch.tensor([[2.6, 1.27], [-500.0, -0.004]]), quantizer)
    assert codes.tolist() == [[3, 127], [-127, 0]]


def test_error_is_at_most_half_a_step():
    encodings = torch.randn(200, 30, generator=torch.Generator().manual_seed(0))
    quantizer = fit_scalar_quantizer(encodings)
    codes = compress(encodings, quantizer)
    assert codes.dtype == torch.int8
    assert ((decompress(codes, quantizer) - encodings).abs() <= 0.5001 * quantizer.steps).all()


def test_a_constant_zero_dimension_stays_zero():
    encodings = torch.zeros(5, 2)
    quantizer = fit_scalar_quantizer(encodings)
    assert torch.equal(decompress(compress(encodings, quantizer), quantizer), encodings)


def test_refuses_values_that_are_not_finite():
    with pytest.raises(ValueError, match="finite"):
        fit_scalar_quantizer(torch.full((2, 2), torch.inf))
