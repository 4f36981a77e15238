"""In a group of one process the shared layers must be torch's own; `test_processes` has two."""

import pytest
import torch
from torch import distributed, nn

from bakeoff.pipelines.neural.distributed import SharedBatchNorm, SharedDropout, share_layers


@pytest.fixture(autouse=True)
def _group_of_one(tmp_path):
    store = distributed.FileStore(str(tmp_path / "store"), 1)
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def norms(make: type[nn.Module], inputs: torch.Tensor) -> tuple[nn.Sequential, nn.Sequential]:
    """Torch's batch norm and the shared one, with the same gains and shifts."""
    theirs = nn.Sequential(make(inputs.shape[1], momentum=0.3))
    nn.init.uniform_(theirs[0].weight, 0.5, 2.0)
    nn.init.uniform_(theirs[0].bias, -1.0, 1.0)
    ours = nn.Sequential(make(inputs.shape[1], momentum=0.3))
    ours.load_state_dict(theirs.state_dict())
    share_layers(ours, rank=0, size=1)
    assert isinstance(ours[0], SharedBatchNorm)
    return theirs, ours


@pytest.mark.parametrize(("make", "shape"), [(nn.BatchNorm1d, (12, 5)), (nn.BatchNorm2d, (6, 5, 4, 3))])
def test_batch_norm_agrees_with_torch_in_values_gradients_and_statistics(make, shape):
    torch.manual_seed(0)
    inputs = torch.randn(shape) * 3 + 1
    outputs, gradients, states = [], [], []
    for layer in norms(make, inputs):
        leaf = inputs.clone().requires_grad_()
        output = layer(leaf)
        (output.sin() * torch.arange(output.numel()).view(shape).cos()).sum().backward()
        outputs += [output.detach(), layer.eval()(inputs).detach()]
        gradients += [leaf.grad, *(p.grad for p in layer.parameters())]
        states += list(layer.state_dict().values())
    for values in (outputs, gradients, states):
        half = len(values) // 2
        for left, right in zip(values[:half], values[half:], strict=True):
            torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5)


def test_batch_norm_by_hand():
    layer = nn.Sequential(nn.BatchNorm1d(1, eps=0.0))
    share_layers(layer, rank=0, size=1)
    # mean 3, variance 4, so (x - 3) / 2; the running values move a tenth of the way from 0 and 1 to 3 and 8.
    assert layer(torch.tensor([[1.0], [5.0]])).flatten().tolist() == [-1.0, 1.0]
    assert layer[0].running_mean.item() == pytest.approx(0.3)
    assert layer[0].running_var.item() == pytest.approx(1.7)


def shared_dropout(rank: int) -> nn.Module:
    layer = nn.Dropout(0.4)
    share_layers(layer, rank, size=2)
    assert isinstance(layer, SharedDropout)
    return layer


def test_dropout_drops_for_its_rows_what_one_process_would():
    inputs = torch.randn(8, 5)
    torch.manual_seed(7)
    whole = nn.functional.dropout(inputs, 0.4)
    parts = []
    for rank in range(2):
        torch.manual_seed(7)
        parts.append(shared_dropout(rank)(inputs[rank * 4 : rank * 4 + 4]))
    torch.testing.assert_close(torch.cat(parts), whole)


def test_dropout_does_nothing_outside_training():
    inputs = torch.randn(4, 5)
    assert shared_dropout(1).eval()(inputs) is inputs


def test_sharing_keeps_weights_names_and_frozen_gains():
    network = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.BatchNorm1d(3), nn.ReLU(), nn.Dropout(0.2)))
    network[1][0].weight.requires_grad = False
    before = dict(network.state_dict(keep_vars=True))
    share_layers(network, rank=0, size=1)
    after = network.state_dict(keep_vars=True)
    assert list(after) == list(before)
    assert all(after[name] is value for name, value in before.items())
    assert not network[1][0].weight.requires_grad
    assert isinstance(network[1][2], SharedDropout)
