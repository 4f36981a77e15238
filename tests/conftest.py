"""What holds for every test: one thread, and no processor setting that outlives the test that made it."""

from collections.abc import Iterator

import pytest
import torch

torch.set_num_threads(
    1
)  # arrays are small here: a second thread costs more than it brings, on a busy machine much more


@pytest.fixture(autouse=True)
def _denormals_stay() -> Iterator[None]:
    """Training nets flushes denormal numbers to zero, in the whole process; hypothesis refuses to work like that."""
    yield
    torch.set_flush_denormal(False)
