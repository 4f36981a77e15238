from __future__ import annotations

import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.neural.networks.alexnet import AlexNet, SmallAlexNet
from bakeoff.pipelines.neural.networks.build import Network, build_network, count_parameters, fit_to_pixels
from bakeoff.pipelines.neural.networks.convnet import ConvNet
from bakeoff.pipelines.neural.networks.local import LocalPerceptron
from bakeoff.pipelines.neural.networks.mlp import Perceptron
from bakeoff.pipelines.neural.networks.speedrun import Speedrun

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


def shapes_of_alexnet(n_classes: int) -> Network:
    """The net without its numbers, which would take seconds to draw."""
    with torch.device("meta"):
        return build_network(AlexNet(), (224, 224, 3), n_classes, seed=0)


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


def test_the_2012_net_has_its_published_number_of_parameters():
    network = shapes_of_alexnet(1000)
    assert count_parameters(network) == 60_965_224  # "60 million"; the sum over the paper's layers
    sides = []
    for layer in network.body:
        if isinstance(layer, nn.MaxPool2d):
            layer.register_forward_hook(lambda _layer, _inputs, output: sides.append(output.shape[-1]))
    network(torch.empty(1, 3, 224, 224, device="meta"))
    assert sides == [27, 13, 6]


def test_response_normalization_is_the_published_formula():
    layer = next(m for m in shapes_of_alexnet(2).body if isinstance(m, nn.LocalResponseNorm))
    a = torch.randn(1, 8, 1, 1) * 100
    sums = torch.stack([(a[0, max(0, i - 2) : i + 3] ** 2).sum() for i in range(8)])
    torch.testing.assert_close(layer(a).flatten(), a.flatten() / (2 + 1e-4 * sums) ** 0.75)


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (AlexNet(), "needs pictures of 224 x 224, got 8 x 8: resize"),
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
