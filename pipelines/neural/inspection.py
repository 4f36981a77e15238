"""Inspection of nets: activations of layers, and what a training does, for TensorBoard.

Watching changes nothing: no random number is drawn and no weight touched.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bakeoff.datasets.splits import evenly_spread
from bakeoff.pipelines.machine.missing import how_to_install
from bakeoff.pipelines.neural.networks.perceptrons import Maxout

MOST_PICTURES = 1000
ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.Sigmoid, nn.Tanh, Maxout)


@torch.inference_mode()
def layer_statistics(network: nn.Module, images: Tensor) -> list[dict[str, Any]]:
    """One row for each activation of the net, in order, over at most 1000 pictures, evenly spread.

    images: uint8 (n, channels, height, width). A unit is one output of a layer, or one channel of a convolution.
    Each row: layer, activation, units, mean and deviation of the outputs, dead_share (units that give the same value,
    to 1e-6, for every picture: they no longer learn) and zero_share (outputs that are 0).
    """
    rows: list[dict[str, Any]] = []

    def record(name: str, kind: type[nn.Module], output: Tensor) -> None:
        units = output.float().transpose(0, 1).flatten(1)  # (units, pictures * positions)
        spread = units.amax(dim=1) - units.amin(dim=1)
        row = {"layer": name, "activation": kind.__name__, "units": len(units)}
        row |= {"mean": units.mean().item(), "deviation": units.std().item()}
        row["dead_share"] = (spread <= 1e-6).double().mean().item()
        rows.append(row | {"zero_share": (units == 0).double().mean().item()})

    hooks = []
    for name, module in network.named_modules():
        if isinstance(module, ACTIVATIONS):
            hooks.append(module.register_forward_hook(lambda m, _, output, name=name: record(name, type(m), output)))
    was_training = network.training
    try:
        network.eval()(images[torch.from_numpy(evenly_spread(len(images), MOST_PICTURES))])
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    return rows


@contextmanager
def event_log(folder: Path | None, n_done: int = 0) -> Iterator[Any]:
    """TensorBoard's writer for a training with n_done epochs behind it; what a killed run wrote after them is taken
    back.

    folder: None for no log.   Raises ValueError if TensorBoard is not installed.
    """
    if folder is None:
        yield None
        return
    with writer_class()(str(folder), purge_step=n_done + 1 if folder.exists() else None) as writer:
        yield writer


def log_epoch(writer: Any, row: Mapping[str, Any], layers: Iterable[Mapping[str, Any]] = ()) -> None:
    """row: of the history, with its epoch from 1.   layers: as from `layer_statistics`."""
    for group, found in (("training", row), *((f"layers/{layer['layer']}", layer) for layer in layers)):
        for name, value in found.items():
            if isinstance(value, int | float) and name != "epoch":
                writer.add_scalar(f"{group}/{name}", value, row["epoch"])
    writer.flush()


def log_history(folder: Path, history: Iterable[Mapping[str, Any]]) -> None:
    """The curves of a training that was done before; its layers were not watched."""
    if not folder.exists():
        with event_log(folder) as writer:
            for row in history:
                log_epoch(writer, row)


def writer_class() -> Any:
    """Raises ValueError, with the remedy, if TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter  # takes a second, and the package may be missing
    except ImportError as error:
        raise ValueError(f"TensorBoard's logs need its package ({error}): {how_to_install('tensorboard')}") from error
    return SummaryWriter
