"""What a training does, epoch by epoch, for TensorBoard. Watching changes nothing: no random number is drawn and no
weight touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bakeoff.pipelines.machine.missing import how_to_install


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
    """row: of the history, with its epoch from 1.   layers: as from `inspection.layer_statistics`."""
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
