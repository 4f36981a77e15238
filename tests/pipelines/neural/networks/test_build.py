import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.neural.networks.build import Standardize, build_network, fit_to_pixels
from bakeoff.pipelines.neural.networks.convolutional import ConvNet, SmallAlexNet, Speedrun
from bakeoff.pipelines.neural.networks.perceptrons import LocalPerceptron, Perceptron

SMALL = [
    Perceptron((8,)),
    ConvNet(4),
    LocalPerceptron((4, 4, 4), 8),
    SmallAlexNet((4, 4, 4, 4, 4), 8),
    Speedrun((4, 8, 8)),
]


def noise(n: int = 4, channels: int = 3, side: int = 32) -> torch.Tensor:
    draws = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, channels, side, side), generator=draws, dtype=torch.uint8)


@pytest.mark.parametrize("architecture", SMALL, ids=lambda a: type(a).__name__)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_net_turns_pixels_into_finite_logits(architecture, channels):
    network = build_network(architecture, (32, 32, channels), 5, seed=0)
    images = noise(channels=channels)
    fit_to_pixels(network, images)
    logits = network(images)
    assert logits.shape == (4, 5)
    assert logits.isfinite().all()


@pytest.mark.parametrize("architecture", SMALL, ids=lambda a: type(a).__name__)
def test_first_weights_depend_on_the_seed_alone(architecture):
    config = NeuralConfig(architecture=architecture)
    torch.manual_seed(99)
    before = torch.get_rng_state()
    nets = [build_network(config.architecture, (32, 32, 3), 5, seed).state_dict() for seed in (1, 1, 2)]
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(value, nets[1][name]) for name, value in nets[0].items())
    assert any(not torch.equal(value, nets[2][name]) for name, value in nets[0].items())


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (SmallAlexNet(), "at least 16 x 16, got 8 x 8"),
        (ConvNet(), "at least 16 x 16, got 8 x 8"),
        (Speedrun(), "at least 24 x 24, got 8 x 8"),
    ],
)
def test_pictures_of_a_wrong_size_are_refused(architecture, message):
    with pytest.raises(ValueError, match=message):
        build_network(architecture, (8, 8, 3), 2, seed=0)


def test_whitening_filters_make_patches_uncorrelated_with_unit_variance():
    smooth = torch.randn(300, 3, 16, 16, generator=torch.Generator().manual_seed(0)).cumsum(3) * 8 + 128
    images = nn.functional.interpolate(smooth, 32, mode="bilinear").clamp(0, 255).to(torch.uint8)
    network = build_network(Speedrun((4, 4, 4)), (32, 32, 3), 2, seed=0)
    fit_to_pixels(network, images)
    whitening = network.body[0]
    with torch.no_grad():
        whitening.bias.zero_()
        answers = whitening(network.pixels(images))[:, :12].transpose(0, 1).flatten(1)  # the other 12 are negatives
    second_moment = answers @ answers.T / answers.shape[1]
    assert (second_moment - torch.diag(second_moment.diagonal())).abs().max() < 0.02
    assert second_moment.diagonal().max() < 1.01
    assert second_moment.diagonal().median() > 0.8  # the weakest axes are damped by the regularization
    torch.testing.assert_close(whitening.weight[:12], -whitening.weight[12:])


@pytest.fixture
def images() -> torch.Tensor:
    smooth = torch.randn(600, 3, 6, 6, generator=torch.Generator().manual_seed(0)).cumsum(2).cumsum(3)
    return (smooth * 8 + 120).clamp(0, 255).to(torch.uint8)


def test_standardized_pixels_have_zero_mean_and_unit_deviation_in_each_color(images):
    pixels = Standardize(3)
    pixels.fit(images)
    values = pixels(images).double()
    torch.testing.assert_close(values.mean(dim=(0, 2, 3)), torch.zeros(3).double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(values.std(dim=(0, 2, 3), correction=0), torch.ones(3).double(), atol=1e-6, rtol=0)


def test_standardize_by_hand():
    pixels = Standardize(1)
    pixels.fit(torch.tensor([0, 10], dtype=torch.uint8).view(2, 1, 1, 1))
    assert pixels(torch.tensor([[[[15.0]]]])).item() == 2.0


def test_a_color_that_never_changes_becomes_zero():
    constant = torch.full((4, 1, 2, 2), 7, dtype=torch.uint8)
    pixels = Standardize(1)
    pixels.fit(constant)
    assert pixels(constant).abs().max() == 0
