"""Batched prediction: logits of many pictures, and the activations of the layer before them."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from bakeoff.pipelines.neural.training.minibatches import shift

StateDict = dict[str, Tensor]  # and buffers of a net, by name
PICTURES_AT_A_TIME = 1000
# Rows and columns, in units of the shift, and the weight of each: those of airbench94 (Jordan 2024, arXiv 2404.00498).
PLACES = ((0, 0, 0.5), (-1, -1, 0.25), (1, 1, 0.25))


@torch.inference_mode()
def predict_scores(
    network: nn.Module,
    images: Tensor,
    *,
    weights: StateDict | None = None,
    flip_averaging: bool = False,
    shift_averaging: int = 0,
    bfloat16: bool = False,
) -> Tensor:
    """float32 (n, n_classes) logits.

    images: uint8 (n, channels, height, width).   weights: used in place of the network's own.
    flip_averaging, shift_averaging: the weighted mean over the `views` of each picture.
    """
    was_training = network.training
    network.eval()
    state = weights if weights is not None else dict(network.state_dict())
    parts = []
    with torch.autocast(images.device.type, torch.bfloat16, enabled=bfloat16):
        for part in images.split(PICTURES_AT_A_TIME):
            parts.append(
                sum(
                    weight * torch.func.functional_call(network, state, (view,)).float()
                    for view, weight in views(part, flip_averaging, shift_averaging)
                )
            )
    network.train(was_training)
    return torch.cat(parts)


def n_views(flip_averaging: bool, shift_averaging: int) -> int:
    """How many predictions a picture takes."""
    return (len(PLACES) if shift_averaging else 1) * (2 if flip_averaging else 1)


def views(images: Tensor, flip_averaging: bool, shift_averaging: int) -> Iterator[tuple[Tensor, float]]:
    """The pictures in each view, uint8 (n, channels, height, width), and the view's weight; weights sum to 1.

    The pictures as they are; with `shift_averaging` also moved by so many pixels up left and down right, borders
    mirrored; and with `flip_averaging` the mirror image of each.
    """
    for *place, weight in PLACES if shift_averaging else ((0, 0, 1.0),):
        moved = shift(images, shift_averaging * torch.tensor([place]).expand(images.shape[0], 2))
        if not flip_averaging:
            yield moved, weight
        else:
            yield from ((moved, weight / 2), (moved.flip(3), weight / 2))


def last_hidden_layer(
    network: nn.Module, images: Tensor, *, flip_averaging: bool = False, shift_averaging: int = 0
) -> Tensor:
    """float32 (n, d): what the last fully connected layer reads, of which the logits are a linear function.

    flip_averaging, shift_averaging: the weighted mean over the `views` of each picture, as of the logits.
    """
    seen: list[Tensor] = []
    classifier = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    hook = classifier.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].float()))
    try:
        predict_scores(network, images, flip_averaging=flip_averaging, shift_averaging=shift_averaging)
    finally:
        hook.remove()
    weights = [weight for _, weight in views(images[:1], flip_averaging, shift_averaging)]
    by_view = (torch.cat(seen[view :: len(weights)]) for view in range(len(weights)))  # a batch is seen in every view
    return torch.stack([weight * layer for weight, layer in zip(weights, by_view, strict=True)]).sum(dim=0)
