from __future__ import annotations

import torch
from torch import nn

from pipelines.neural.prediction import PICTURES_AT_A_TIME, accuracy, predict_scores


class LeftMinusRight(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        left, right = images[..., 0].float().mean((1, 2)), images[..., -1].float().mean((1, 2))
        return torch.stack([left - right, left + right], dim=1)


def images(n: int = 4) -> torch.Tensor:
    return torch.randint(0, 256, (n, 3, 4, 4), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_flip_averaging_makes_scores_blind_to_mirroring():
    scores = predict_scores(LeftMinusRight(), images(), flip_averaging=True)
    assert scores[:, 0].abs().max() == 0
    torch.testing.assert_close(scores, predict_scores(LeftMinusRight(), images().flip(3), flip_averaging=True))


def test_scores_do_not_depend_on_the_company_of_a_picture():
    net = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    pictures = images(PICTURES_AT_A_TIME + 3).float()
    net(pictures[:1])
    torch.testing.assert_close(predict_scores(net, pictures)[-2:], net(pictures[-2:]).detach())


def test_given_weights_are_used_and_the_net_is_left_as_it_was():
    net = nn.Sequential(nn.Flatten(), nn.Linear(48, 2), nn.Dropout(0.5)).train()
    own = {name: value.clone() for name, value in net.state_dict().items()}
    zeros = {name: torch.zeros_like(value) for name, value in own.items()}
    assert predict_scores(net, images().float(), weights=zeros).abs().max() == 0
    assert net.training
    assert all(torch.equal(value, own[name]) for name, value in net.state_dict().items())


def test_accuracy_by_hand():
    assert accuracy(torch.tensor([[1.0, 2.0], [3.0, 0.0], [5.0, 4.0], [0.0, 1.0]]), torch.tensor([1, 0, 1, 1])) == 0.75
