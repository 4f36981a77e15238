"""Random rotation and product quantization."""

import pytest
import torch

from bakeoff.pipelines.classic.matrix.product_quantization import (
    BlockRotation,
    ProductQuantizer,
    compress,
    decompress,
    fit_product_quantizer,
    random_rotation,
)


def spectrum(n_rows: int, dimension: int, seed: int = 0) -> torch.Tensor:
    """Rows whose variance falls from coordinate to coordinate, as after PCA."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n_rows, dimension, generator=generator) / torch.arange(1, dimension + 1).sqrt()


def identity_rotation(dimension: int) -> BlockRotation:
    return BlockRotation(torch.arange(dimension), torch.ones(2, dimension), torch.eye(dimension).expand(2, -1, -1))


def test_codes_of_two_words_by_hand():
    codebooks = torch.tensor([[[0.0, 0.0], [1.0, 1.0]], [[5.0, 5.0], [-5.0, 5.0]]])
    quantizer = ProductQuantizer(identity_rotation(4), codebooks)
    codes = compress(torch.tensor([[0.9, 0.8, -4.0, 6.0], [0.1, 0.2, 3.0, 1.0]]), quantizer)
    assert codes.tolist() == [[1, 1], [0, 0]]
    torch.testing.assert_close(decompress(codes, quantizer)[0], torch.tensor([1.0, 1.0, -5.0, 5.0]))


def test_codes_are_the_nearest_words_of_the_rotated_sub_vectors():
    encodings = spectrum(300, 48)
    quantizer = fit_product_quantizer(encodings, sub_dimension=8, n_iterations=3, seed=0)
    rotated = quantizer.rotation.apply(encodings).view(300, 6, 8)
    expected = torch.stack([torch.cdist(rotated[:, m], quantizer.codebooks[m]).argmin(dim=1) for m in range(6)], dim=1)
    assert torch.equal(compress(encodings, quantizer).long(), expected)


@pytest.mark.parametrize("dimension", [8, 120, 1024, 24 * 131])
def test_rotation_keeps_dot_products_and_can_be_undone(dimension):
    rotation, rows = random_rotation(dimension, seed=0), spectrum(20, dimension)
    rotated = rotation.apply(rows)
    torch.testing.assert_close(rotated @ rotated.T, rows @ rows.T, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(rotation.invert(rotated), rows, atol=1e-5, rtol=1e-4)


def test_rotation_spreads_one_coordinate_over_all_blocks():
    rotated = random_rotation(2048, seed=0).apply(torch.eye(2048)[5:6])
    assert (rotated.view(-1, 64).norm(dim=1) > 0).all()
    assert rotated.abs().max() < 0.3


def test_one_byte_for_eight_values_keeps_most_of_the_energy():
    train, test = spectrum(3000, 64), spectrum(200, 64, seed=1)
    quantizer = fit_product_quantizer(train, sub_dimension=8, seed=0)
    codes = compress(test, quantizer)
    assert codes.dtype == torch.uint8
    assert codes.numel() * 32 == test.numel() * 4
    error = (decompress(codes, quantizer) - quantizer.rotation.apply(test)).square().sum() / test.square().sum()
    assert error < 0.4  # the rate-distortion bound for one bit a value of white noise is 0.25


def test_rotated_reconstruction_has_the_same_dot_products():
    encodings = spectrum(400, 64)
    quantizer = fit_product_quantizer(encodings, seed=0)
    codes = compress(encodings, quantizer)
    rotated = decompress(codes, quantizer)
    plain = quantizer.rotation.invert(rotated)
    torch.testing.assert_close(plain @ plain.T, rotated @ rotated.T, atol=1e-4, rtol=1e-4)


def test_training_points_that_are_the_words_come_back_exactly():
    encodings = torch.eye(16)
    quantizer = fit_product_quantizer(encodings, seed=0)
    found = decompress(compress(encodings, quantizer), quantizer)
    torch.testing.assert_close(quantizer.rotation.invert(found), encodings, atol=1e-5, rtol=0)


def test_same_seed_gives_the_same_quantizer():
    fits = [fit_product_quantizer(spectrum(100, 32), seed=4) for _ in range(2)]
    assert torch.equal(fits[0].codebooks, fits[1].codebooks)


@pytest.mark.parametrize(
    ("encodings", "settings", "message"),
    [
        (torch.zeros(300, 20), {}, "sub_dimension must divide"),
        (torch.zeros(1, 16), {}, "at least 2 rows"),
        (torch.full((300, 16), torch.nan), {}, "finite"),
    ],
)
def test_refuses_bad_encodings(encodings, settings, message):
    with pytest.raises(ValueError, match=message):
        fit_product_quantizer(encodings, seed=0, **settings)


def test_refuses_codes_of_another_quantizer():
    quantizer = fit_product_quantizer(spectrum(100, 32), seed=4)
    with pytest.raises(ValueError, match=r"uint8 \(n, 4\)"):
        decompress(torch.zeros(2, 5, dtype=torch.uint8), quantizer)
