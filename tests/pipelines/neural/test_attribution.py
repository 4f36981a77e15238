from __future__ import annotations

import torch
from torch import nn

from bakeoff.pipelines.neural.attribution import integrated_gradients


class Square(nn.Module):
    """Two logits: the sum of squares of the left half, and of the right half, of pictures of two columns."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images**2).sum(dim=(1, 2))


PICTURES = torch.tensor([[[[3, 1], [0, 2]]]], dtype=torch.uint8)  # (1, 1, 2, 2)
BLACK = torch.zeros(1)


def attribute(**options):
    return integrated_gradients(Square(), PICTURES, torch.tensor([0]), BLACK, **options)[0]


def test_a_square_solved_by_hand():
    # s = s_0 - (s_0 + s_1) / 2 = (left - right) / 2; from black the integral of 2 t x dt * x is x^2, with its sign / 2.
    torch.testing.assert_close(attribute(), torch.tensor([[4.5, -0.5], [0.0, -2.0]]))


def test_of_mirror_images_averaged_nothing_is_left_where_the_classes_mirror_each_other():
    torch.testing.assert_close(
        attribute(views=lambda images: ((images, 0.5), (images.flip(3), 0.5))), torch.zeros(2, 2)
    )


def test_more_steps_come_nearer_to_the_whole_difference():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 3))
    images = torch.randint(0, 4, (5, 3, 2, 2), dtype=torch.uint8)
    classes, color = torch.tensor([0, 1, 2, 0, 1]), torch.tensor([1.0, 2.0, 0.5])
    with torch.no_grad():
        scores = [
            net(x) - net(x).mean(1, keepdim=True) for x in (images.float(), color.view(3, 1, 1).expand(5, 3, 2, 2))
        ]
    gain = (scores[0] - scores[1]).gather(1, classes[:, None])[:, 0]
    errors = [
        (integrated_gradients(net, images, classes, color, n_steps=n).sum(dim=(1, 2)) - gain).abs().max()
        for n in (1, 8, 64)
    ]
    assert errors[0] > 4 * errors[1] > 16 * errors[2]
    assert errors[2] < 1e-3
