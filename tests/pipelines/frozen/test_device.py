"""Frozen nets on another device, here one that is not there (tests/fake_device.py)."""

import numpy as np
import torch

from bakeoff.pipelines.classic.families.family import encode_all
from bakeoff.pipelines.frozen.fine_tuning import FineTuned, FineTunedNet, Maps, _start_as_svm
from bakeoff.pipelines.frozen.frozen_net import FrozenNet
from bakeoff.pipelines.frozen.weights import fill, identify, read_weights
from bakeoff.pipelines.machine.cores import hands_on
from bakeoff.pipelines.machine.device import CPU
from bakeoff.pipelines.neural.training.minibatches import Examples
from bakeoff.tests.pipelines.classic.test_device import elsewhere as elsewhere
from bakeoff.tests.pipelines.frozen.test_fine_tuning import halves


def test_the_net_encodes_elsewhere_as_it_does_here(elsewhere):
    family, images = FrozenNet(identify().checksum, 64), halves(20, 0).images
    hands = hands_on(elsewhere)
    found = encode_all(family, family.fit(images, 0, hands), images, hands=hands)
    np.testing.assert_allclose(found, encode_all(family, family.fit(images, 0), images), atol=5e-4)


def test_what_is_fine_tuned_starts_elsewhere_as_it_does_here(elsewhere):
    family, found = Maps(identify().checksum, 64, first_trained=11), []
    for device in (CPU, elsewhere):
        net = FineTunedNet(FineTuned(image_size=64), 2)
        fill(net.backbone, read_weights(identify()))
        examples = []
        for split in (halves(32, 0), halves(8, 1)):
            maps = encode_all(
                family, family.fit(split.images, 0), split.images, dtype=np.float16, hands=hands_on(device)
            )
            labels = torch.from_numpy(split.labels).to(device)
            examples.append(Examples(torch.as_tensor(maps).view(-1, 112, 4, 4).to(device), labels, 2))
        _start_as_svm(net.to(device), *examples)
        found.append(net.classifier.weight.detach().cpu())
    torch.testing.assert_close(found[1], found[0], rtol=1e-3, atol=1e-3 * found[0].abs().max().item())
