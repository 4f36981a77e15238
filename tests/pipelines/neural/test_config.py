import json

import pytest
import torch

from bakeoff.pipelines.neural.config import EXPERIMENTS, describe
from bakeoff.pipelines.neural.networks.build import build_network
from bakeoff.pipelines.neural.training.optimizers import build_optimizer


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_builds_its_net_and_optimizer_and_can_be_written_down(name):
    _, config = EXPERIMENTS[name]
    with torch.device("meta"):  # shapes alone: drawing the weights of the large ones takes seconds
        network = build_network(config.architecture, (32, 32, 3), 10, seed=0)
        logits = network(torch.empty(2, 3, 32, 32))
    assert logits.shape == (2, 10)
    assert all(build_optimizer(network, optimizer).param_groups for optimizer in config.optimizers)
    assert json.loads(json.dumps(describe(config)))["epochs"] == config.epochs
