"""Data sets that have a name: a module each, which announces them where it loads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bakeoff.datasets.dataset import Dataset

Load = TypeVar("Load", bound=Callable[..., Dataset])
NAMED: dict[str, Callable[..., Dataset]] = {}


def named(name: str) -> Callable[[Load], Load]:
    """Make a function a data set that `load_dataset`, and so the command line, knows by this name.

    The function takes nothing; or, if it downloads, data_root and progress as `load_dataset` does.
    """

    def announce(load: Load) -> Load:
        NAMED[name] = load
        return load

    return announce
