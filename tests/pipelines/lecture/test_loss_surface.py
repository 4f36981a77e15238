import numpy as np

from bakeoff.pipelines.backprop.training import initialize_layers, mlp_objective
from bakeoff.pipelines.lecture.loss_surface import filter_normalized_direction, moved, scan_loss
from bakeoff.pipelines.lecture.toy import draw_spirals, train_classifier


def make_net(seed=0):
    return initialize_layers((2, 6, 5, 2), np.random.default_rng(seed), np.float64)


def test_weights_into_each_unit_are_as_long_as_the_nets_and_biases_stay():
    layers = make_net()
    for (weights, _), (u, b) in zip(layers, filter_normalized_direction(layers, np.random.default_rng(1)), strict=True):
        np.testing.assert_allclose(np.linalg.norm(u, axis=0), np.linalg.norm(weights, axis=0))
        assert not b.any()


def test_scaling_a_relu_layer_up_and_the_next_down_does_not_change_the_picture():
    layers, scaled = make_net(), make_net()
    scaled[0] = (10 * scaled[0][0], scaled[0][1])
    scaled[1] = (scaled[1][0] / 10, scaled[1][1])
    x, labels = draw_spirals(30, np.random.default_rng(2))
    losses = []
    for net in (layers, scaled):
        u, v = (filter_normalized_direction(net, np.random.default_rng(seed)) for seed in (3, 4))
        losses.append(mlp_objective()(moved(net, u, 0.4, v, -0.7), x, labels))
    assert np.isclose(*losses, rtol=1e-12)


def test_the_middle_of_the_square_is_the_trained_net():
    losses = scan_loss((2, 6, 2), np.linspace(-1, 1, 3), seed=1, n_training=30)
    x, labels = draw_spirals(200, np.random.default_rng(0), turns=1.0)
    net = train_classifier((2, 6, 2), x, labels, seed=1, n_steps=30, learning_rate=0.01)
    np.testing.assert_allclose(losses[1, 1], mlp_objective()(net.layers, x, labels))
    assert losses.shape == (3, 3)
