from dataclasses import replace

import pytest

from bakeoff.pipelines.neural.config import NeuralConfig, Optimizer
from bakeoff.pipelines.neural.flops import count_flops, expected_cost
from bakeoff.pipelines.neural.networks.convolutional import ConvNet, SmallAlexNet
from bakeoff.pipelines.neural.networks.perceptrons import LocalPerceptron, Perceptron

SHAPE = (32, 32, 3)


def test_a_perceptron_by_hand():
    config = NeuralConfig(architecture=Perceptron((16,)))
    weights = 3072 * 16 + 16 * 10
    assert count_flops(config, SHAPE, 10) == 2 * weights
    # Back: a product for the gradient of each weight, and one for that of each layer's input but the pixels.
    assert count_flops(config, SHAPE, 10, training=True) == 2 * (2 * weights + 160)


def test_a_convolutional_net_by_hand():
    """Its pairs see 32 x 32, 16 x 16 and 8 x 8 positions."""
    pairs = 1024 * 9 * (3 * 2 + 2 * 2) + 256 * 9 * (2 * 4 + 4 * 4) + 64 * 9 * (4 * 8 + 8 * 8)
    assert count_flops(NeuralConfig(architecture=ConvNet(2)), SHAPE, 10) == 2 * (pairs + 8 * 10)


def test_local_layers_by_hand():
    """Windows of 4 x 4, 2 apart, in pictures of 16 pixels: 7 x 7 places, then 5 x 5, each with weights of its own."""
    weights = 49 * 16 * 3 * 4 + 25 * 9 * 4 * 5 + 25 * 5 * 6 + 6 * 10
    assert count_flops(NeuralConfig(architecture=LocalPerceptron((4, 5), 6)), (16, 16, 3), 10) == 2 * weights


def test_a_training_is_its_steps_and_looks():
    config = NeuralConfig(architecture=Perceptron((16,)), batch_size=64, epochs=3)
    one, both = count_flops(config, SHAPE, 10), count_flops(config, SHAPE, 10, training=True)
    assert expected_cost(config, 1000, SHAPE, 10).total == 3 * 15 * 64 * both
    assert expected_cost(config, 1000, SHAPE, 10, n_validation=50).total == 3 * (15 * 64 * both + 50 * one)
    two = replace(config, optimizers=(Optimizer(), Optimizer()), steps=7)
    assert expected_cost(two, 1000, SHAPE, 10).total == 2 * 7 * 64 * both


def test_pictures_scored_at_the_end_are_seen_in_every_view():
    config = NeuralConfig(architecture=Perceptron((16,)), flip_averaging=True, shift_averaging=1)
    assert expected_cost(config, 1000, SHAPE, 10, n_scored=7).scoring == 7 * 6 * count_flops(config, SHAPE, 10)


def test_alexnet_costs_about_the_same_at_every_size():
    config = NeuralConfig(architecture=SmallAlexNet())
    small, large = (count_flops(config, (side, side, 3), 10) for side in (32, 128))
    assert small < large < 1.3 * small


def test_a_net_that_cannot_take_the_pictures_is_refused():
    with pytest.raises(ValueError, match="at least 16 x 16"):
        count_flops(NeuralConfig(architecture=ConvNet()), (8, 8, 3), 10)
