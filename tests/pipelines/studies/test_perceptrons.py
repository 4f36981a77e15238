from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bakeoff.pipelines.neural.config import Optimizer, Perceptron
from bakeoff.pipelines.neural.networks.build import build_network
from bakeoff.pipelines.studies.perceptrons import ACTIVATIONS, FIRST_WEIGHTS, PLAIN, SWEEPS, train_cell
from bakeoff.tests.pipelines.neural.training.test_loop import examples

SHORT = replace(PLAIN, architecture=Perceptron((16, 16), normalization="none"), epochs=3, batch_size=16)


def test_every_cell_of_a_sweep_is_another_net_that_can_be_built():
    for sweep in SWEEPS.values():
        assert len({tuple(cell.facts.items()) for cell in sweep.cells}) == len(sweep.cells)
        assert len({cell.config for cell in sweep.cells}) == len(sweep.cells)
        for cell in sweep.cells:
            build_network(cell.config, (8, 8, 3), 3, seed=0)


def test_the_activation_sweep_has_every_activation_with_right_and_wrong_first_weights():
    cells = [(cell.facts["activation"], cell.facts["initialization"]) for cell in SWEEPS["activation"].cells]
    assert cells == [(activation, kind) for activation in ACTIVATIONS for kind in FIRST_WEIGHTS]
    assert {"relu", "sigmoid", "tanh", "leaky-relu", "maxout", "elu"} == set(ACTIVATIONS)


def test_the_regularization_sweep_crosses_width_with_the_decay_of_plain_gradient_descent():
    for cell in SWEEPS["regularization"].cells:
        (optimizer,) = cell.config.optimizers
        assert (cell.config.architecture.widths, optimizer.weight_decay) == ((cell.facts["width"],), cell.facts["l2"])
        assert optimizer.name == "sgd"


def test_a_trained_cell_tells_accuracies_and_layers_before_and_after():
    test = examples(50, 2)
    trained = train_cell(SHORT, (8, 8, 3), examples(), examples(90, 1), test.images, seed=0)
    assert trained.scores.shape == (50, 3)
    assert (trained.scores.argmax(1) == test.labels.numpy()).mean() > 0.8
    assert trained.validation_score > 0.8
    assert trained.n_parameters == 192 * 16 + 16 + 16 * 16 + 16 + 16 * 3 + 3
    assert [row["units"] for row in trained.before] == [row["units"] for row in trained.after] == [16, 16]
    again = train_cell(SHORT, (8, 8, 3), examples(), examples(90, 1), test.images, seed=0)
    np.testing.assert_array_equal(again.scores, trained.scores)


def test_a_cell_whose_loss_is_no_longer_finite_says_so_and_keeps_what_came_before():
    config = replace(SHORT, optimizers=(Optimizer("sgd", 1e25),))
    trained = train_cell(config, (8, 8, 3), examples(), examples(90, 1), examples(50, 2).images, seed=0)
    assert (trained.scores, trained.validation_score, trained.train_score) == (None, None, None)
    assert len(trained.before) == 2
    assert trained.after == []


@pytest.mark.parametrize("kind", ["too-small", "too-large"])
def test_wrong_first_weights_change_the_size_of_the_signal_from_layer_to_layer(kind):
    spread = {}
    for initialization in ("matched", kind):
        architecture = Perceptron((64,) * 4, normalization="none", initialization=initialization)
        config = replace(SHORT, architecture=architecture, optimizers=(Optimizer("sgd", 0.0),), epochs=1)
        trained = train_cell(config, (8, 8, 3), examples(), examples(90, 1), examples(9, 2).images, seed=0)
        spread[initialization] = [row["deviation"] for row in trained.before]
    matched, wrong = (np.log10(values[-1] / values[0]) for values in spread.values())
    assert abs(matched) < 0.5
    assert abs(wrong) > 2
