"""What a training does, epoch by epoch, for TensorBoard. Watching changes nothing: no random number is drawn and no
weight touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


class EventLog:
    """Curves of one training in a folder that TensorBoard reads."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def add(self, row: Row, layers: Iterable[Row] = ()) -> None:
        """row: of the history, with its epoch from 1.   layers: as from `inspection.layer_statistics`."""
        self._add_numbers("training", row, row["epoch"])
        for layer in layers:
            self._add_numbers(f"layers/{layer['layer']}", layer, row["epoch"])
        self._writer.flush()

    def _add_numbers(self, group: str, row: Row, epoch: int) -> None:
        for name, value in row.items():
            if isinstance(value, int | float) and name != "epoch":
                self._writer.add_scalar(f"{group}/{name}", value, epoch)


@contextmanager
def event_log(folder: Path | None, n_done: int = 0) -> Iterator[EventLog | None]:
    """Open the log of a training with n_done epochs behind it; what a killed run wrote after them is taken back.

    folder: None for no log.   Raises ValueError if TensorBoard is not installed.
    """
    if folder is None:
        yield None
        return
    with _writer_class()(str(folder), purge_step=n_done + 1 if folder.exists() else None) as writer:
        yield EventLog(writer)


def log_history(folder: Path, history: Iterable[Row]) -> None:
    """The curves of a training that was done before; its layers were not watched."""
    if not folder.exists():
        with _writer_class()(str(folder)) as writer:
            for row in history:
                EventLog(writer).add(row)


def require_tensorboard() -> None:
    """Raises ValueError, with the remedy, if TensorBoard is not installed."""
    _writer_class()


def _writer_class() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter  # takes a second, and the package may be missing
    except ImportError as error:
        raise ValueError(
            f"TensorBoard's logs need its package ({error}): "
            ".venv/bin/python -m pip install -c constraints.txt tensorboard"
        ) from error
    return SummaryWriter
