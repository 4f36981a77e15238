"""Snapshots of `training/loop.py` as bytes and back."""

from dataclasses import replace

import pytest
import torch

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
    back = Snapshot.from_bytes(SNAPSHOT.to_bytes(), CPU)
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
    content = SNAPSHOT.to_bytes()
    with pytest.raises(ValueError, match="checkpoint of a training is damaged"):
        Snapshot.from_bytes(content[: int(len(content) * kept)], CPU)


def test_a_changed_byte_is_noticed():
    content = bytearray(SNAPSHOT.to_bytes())
    content[content.index(SNAPSHOT.weights["body.1.weight"].numpy().tobytes())] ^= 1  # which torch would not notice
    with pytest.raises(ValueError, match="damaged"):
        Snapshot.from_bytes(bytes(content), CPU)


def test_a_file_that_would_run_code_is_refused_unread():
    with pytest.raises(ValueError, match=r"damaged \(Weights only load failed"):
        Snapshot.from_bytes(replace(SNAPSHOT, weights={"weights": print}).to_bytes(), CPU)
