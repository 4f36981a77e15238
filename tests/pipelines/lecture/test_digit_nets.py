import numpy as np
import pytest

from bakeoff.pipelines.backprop.training import initialize_layers, mlp_objective
from bakeoff.pipelines.lecture.digit_nets import digit_accuracy, masked, n_weights, train_on_digits


def test_a_net_has_the_share_of_connections_that_was_asked_for_and_learns():
    net = train_on_digits((48,), 0, density=0.3, n_epochs=8)
    assert n_weights(net) / (48 * 74) == pytest.approx(0.3, abs=0.03)
    assert digit_accuracy(net) > 0.8
    assert digit_accuracy(net, noise=1.5) < digit_accuracy(net) - 0.1


def test_missing_connections_change_nothing():
    rng = np.random.default_rng(0)
    layers = initialize_layers((4, 5, 3), rng, np.float64)
    masks = [rng.random(weights.shape) < 0.5 for weights, _ in layers]
    x, labels = rng.standard_normal((7, 4)), np.arange(7) % 3
    objective = masked(mlp_objective(), masks)
    noise = [(weights + 9 * ~mask, bias) for (weights, bias), mask in zip(layers, masks, strict=True)]
    assert objective(layers, x, labels) == objective(noise, x, labels)
