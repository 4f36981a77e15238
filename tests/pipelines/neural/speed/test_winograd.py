"""Convolution by Winograd's algorithm against torch's own, and what it promises of layout and threads."""

import pytest
import torch
from torch.nn import functional as F

from bakeoff.pipelines.neural.speed import winograd
from bakeoff.pipelines.neural.speed.winograd import Convolution3x3, Winograd


def draw(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_one_pixel_under_one_filter_is_the_filter_turned_around():
    images, filters = torch.zeros(1, 1, 5, 5, dtype=torch.float64), torch.arange(9.0, dtype=torch.float64)
    images[0, 0, 2, 2] = 1.0
    convolved = Winograd.apply(images, filters.view(1, 1, 3, 3))
    expected = torch.zeros(5, 5, dtype=torch.float64)
    expected[1:4, 1:4] = filters.view(3, 3).flip(0, 1)
    assert torch.allclose(convolved[0, 0], expected, atol=1e-12)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (4, 4), (3, 9), (7, 7), (15, 12), (31, 31)])
def test_equals_the_librarys_convolution_and_its_gradients(height, width):
    images, filters = draw((6, 3, height, width), 0), draw((5, 3, 3, 3), 1)
    ours = [value.clone().requires_grad_() for value in (images, filters)]
    theirs = [value.clone().requires_grad_() for value in (images, filters)]
    output, expected = Winograd.apply(*ours), F.conv2d(*theirs, padding=1)
    weights = draw(tuple(expected.shape), 2)
    (output * weights).sum().backward()
    (expected * weights).sum().backward()
    assert torch.allclose(output, expected, atol=1e-10)
    for mine, other in zip(ours, theirs, strict=True):
        assert torch.allclose(mine.grad, other.grad, atol=1e-9)


def test_float32_differs_by_rounding_alone():
    images, filters = draw((8, 64, 15, 15), 0, torch.float32), draw((128, 64, 3, 3), 1, torch.float32)
    expected = F.conv2d(images.double(), filters.double(), padding=1)
    assert (Winograd.apply(images, filters) - expected).abs().max() < 2e-5 * expected.abs().max()


def test_no_core_records_what_it_computes_for_gradients(monkeypatch):
    """Pictures laid out channels last are worked on as they are, and two cores that wrote a result that asks for
    gradients could stop each other."""
    asked = []
    original = winograd._convolve

    def convolve(*given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found = original(*given)
        asked.append(found[1].requires_grad)
        return found

    monkeypatch.setattr(winograd, "_convolve", convolve)
    images = draw((8, 3, 9, 9), 0).to(memory_format=torch.channels_last).requires_grad_()
    n_threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        Winograd.apply(images, draw((4, 3, 3, 3), 1).requires_grad_()).sum().backward()
    finally:
        torch.set_num_threads(n_threads)
    assert asked
    assert not any(asked)


def test_gradient_of_the_filters_alone_skips_that_of_the_pictures():
    images, filters = draw((2, 3, 6, 6), 0), draw((4, 3, 3, 3), 1).requires_grad_()
    Winograd.apply(images, filters).sum().backward()
    assert images.grad is None
    assert filters.grad is not None


def test_result_does_not_depend_on_the_number_of_cores():
    def gradients() -> list[torch.Tensor]:
        images, filters = draw((70, 8, 9, 9), 0, torch.float32), draw((16, 8, 3, 3), 1, torch.float32)
        images.requires_grad_(), filters.requires_grad_()
        output = Winograd.apply(images, filters)
        return [output, *torch.autograd.grad(output.square().sum(), (images, filters))]

    n_threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = gradients()
        torch.set_num_threads(3)
        three = gradients()
    finally:
        torch.set_num_threads(n_threads)
    assert all(torch.equal(a, b) for a, b in zip(one, three, strict=True))


@pytest.mark.parametrize("n_images", [1, 2, 5])
def test_takes_fewer_pictures_than_groups(n_images):
    images, filters = draw((n_images, 2, 8, 8), 0), draw((3, 2, 3, 3), 1)
    assert torch.allclose(Winograd.apply(images, filters), F.conv2d(images, filters, padding=1), atol=1e-10)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_layer_predicts_what_it_trains_with_and_what_the_library_gives(monkeypatch, n_threads):
    layer = Convolution3x3(64, 128)
    images = draw((70, 64, 8, 8), 0, torch.float32)
    monkeypatch.setattr(torch.nn.Conv2d, "forward", lambda *_: pytest.fail("the library's convolution is slower here"))
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        trained = layer(images)
        with torch.inference_mode():
            predicted = layer(images)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(trained, predicted)
    assert trained.requires_grad
    assert not predicted.requires_grad
    assert torch.allclose(predicted, F.conv2d(images, layer.weight, padding=1), atol=1e-4)
    assert predicted.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(("layer", "n_images"), [(Convolution3x3(3, 8), 100), (Convolution3x3(64, 128), 1)])
def test_small_layers_and_few_pictures_keep_the_librarys_convolution(monkeypatch, layer, n_images):
    monkeypatch.setattr(winograd, "convolve", lambda *_: pytest.fail("this does not gain"))
    images = draw((n_images, layer.in_channels, 8, 8), 0, torch.float32)
    assert layer(images).shape == (n_images, layer.out_channels, 8, 8)
