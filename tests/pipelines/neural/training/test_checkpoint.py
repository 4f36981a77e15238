from __future__ import annotations

import numpy as np
import pytest
import torch

from bakeoff.pipelines.neural.training.checkpoint import (
    decode_arrays,
    decode_snapshot,
    encode_arrays,
    encode_snapshot,
)
from bakeoff.pipelines.neural.training.loop import Snapshot

CPU = torch.device("cpu")
SNAPSHOT = Snapshot(
    weights={"body.1.weight": torch.randn(3, 2), "count": torch.tensor(7)},
    average={},
    best={"body.1.weight": torch.randn(3, 2)},
    optimizer={0: {"step": torch.tensor(4.0), "exp_avg": torch.randn(3, 2)}, 11: {"step": torch.tensor(4.0)}},
    history=({"epoch": 1, "train_loss": 0.1 + 0.2},),
    bfloat16=True,
)


def test_a_snapshot_comes_back_bit_for_bit():
    back = decode_snapshot(encode_snapshot(SNAPSHOT), CPU)
    assert (back.history, back.bfloat16) == (SNAPSHOT.history, True)
    for ours, theirs in ((SNAPSHOT.weights, back.weights), (SNAPSHOT.best, back.best)):
        assert ours.keys() == theirs.keys()
        assert all(
            torch.equal(value, theirs[name]) and value.dtype == theirs[name].dtype for name, value in ours.items()
        )
    assert back.average == {}
    assert back.optimizer.keys() == SNAPSHOT.optimizer.keys()
    assert torch.equal(back.optimizer[0]["exp_avg"], SNAPSHOT.optimizer[0]["exp_avg"])


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_cut_off_file_is_noticed(kept):
    content = encode_snapshot(SNAPSHOT)
    with pytest.raises(ValueError, match="file of weights is damaged"):
        decode_snapshot(content[: int(len(content) * kept)], CPU)


def test_a_changed_byte_is_noticed():
    content = bytearray(encode_arrays({"weights": torch.ones(1000)}, {}))
    content[2000] ^= 1
    with pytest.raises(ValueError, match="damaged"):
        decode_arrays(bytes(content), CPU)


def test_a_pickled_array_is_refused_unread(tmp_path):
    np.savez(tmp_path / "evil.npz", header=np.array("{}"), weights=np.array([print], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        decode_arrays((tmp_path / "evil.npz").read_bytes(), CPU)
