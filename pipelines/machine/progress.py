"""Progress of long work, as it is told: what `Workspace.progress` does with a bar, and the same without one."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Advance = Callable[..., None]  # advance(n=1, note="")
ShowProgress = Callable[[str, int], AbstractContextManager[Advance]]  # description, total


@contextmanager
def no_progress(description: str, total: int) -> Iterator[Advance]:
    """Show nothing."""
    yield lambda n=1, note="": None
