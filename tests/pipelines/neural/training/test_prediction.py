import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.training.prediction import PICTURES_AT_A_TIME, n_views, predict_scores, views


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


def test_shift_averaging_is_the_weighted_mean_over_three_places_by_hand():
    class UpperLeft(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images[:, 0, :1, 0].float()

    pixels = torch.arange(16, dtype=torch.uint8).view(1, 1, 4, 4)  # 0 1 2 3 / 4 5 6 7 / ...
    # Moved by a pixel up left or down right, the corner shows pixel 5: borders are mirrored.
    assert predict_scores(UpperLeft(), pixels, shift_averaging=1).item() == 0 / 2 + 5 / 4 + 5 / 4
    # The mirror images show 3, and twice 6.
    both = predict_scores(UpperLeft(), pixels, flip_averaging=True, shift_averaging=1)
    assert both.item() == pytest.approx((0 / 2 + 5 / 4 + 5 / 4) / 2 + (3 / 2 + 6 / 4 + 6 / 4) / 2)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("size", [0, 1, 2])
def test_number_of_views(flip, size):
    seen, weights = zip(*views(images(), flip, size), strict=True)
    assert len(seen) == n_views(flip, size)
    assert torch.equal(seen[0], images())
    assert sum(weights) == 1


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
