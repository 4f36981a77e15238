"""What holds for every test: one thread, no deadline, and no processor setting that outlives the test that made it."""

from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine fails no test
settings.load_profile("untimed")
torch.set_num_threads(
    1
)  # arrays are small here: a second thread costs more than it brings, on a busy machine much more


@pytest.fixture(autouse=True)
def _denormals_stay() -> Iterator[None]:
    """Training nets flushes denormal numbers to zero, in the whole process; hypothesis refuses to work like that."""
    yield
    torch.set_flush_denormal(False)
