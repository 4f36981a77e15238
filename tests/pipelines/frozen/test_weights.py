import pickle

import pytest
import torch
from safetensors.torch import save_file

from bakeoff.pipelines.frozen.weights import NONE, ORIGINS, available, identify, read_weights, wheel_file


class Malice:
    def __reduce__(self):
        return (open, (self.path, "w"))


def test_the_wheels_weights_are_known_by_their_checksum():
    assert available() == identify() in ORIGINS
    assert read_weights(identify()).shape == (3_350_000,)


def test_none_stands_for_no_frozen_net():
    assert available(NONE) == ""


def test_the_same_weights_as_safetensors_without_the_classifier_give_the_same_net(tmp_path):
    stored = torch.load(wheel_file(), weights_only=True)
    save_file(
        {name: value.contiguous() for name, value in stored.items() if "_fc" not in name}, tmp_path / "w.safetensors"
    )
    checksum = identify(tmp_path / "w.safetensors")
    assert checksum != identify()
    assert torch.equal(read_weights(checksum), read_weights(identify()))


def test_a_pickle_with_code_is_not_run(tmp_path):
    malice = Malice()
    malice.path = str(tmp_path / "ran")
    (tmp_path / "w.pth").write_bytes(pickle.dumps(malice))
    torch.save({"_conv_stem.weight": malice}, tmp_path / "w2.pth")
    for name in ("w.pth", "w2.pth"):
        with pytest.raises(ValueError, match="is no file of weights, or one that would run code") as caught:
            identify(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cut.pth", lambda: wheel_file().read_bytes()[:100_000], "is no file of weights"),
        ("text.pth", lambda: b"not weights at all", "is no file of weights"),
        ("empty.pth", lambda: b"", "is no file of weights"),
        ("text.safetensors", lambda: b"not weights at all", "is no file of weights"),
    ],
)
def test_what_is_no_file_of_weights_is_refused_in_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content())
    with pytest.raises(ValueError, match=message) as caught:
        identify(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_weights_of_another_net_are_refused_with_the_first_difference(tmp_path):
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "w.pth")
    with pytest.raises(ValueError, match=r"another net than EfficientNet-Lite0: 295 of 294 parameters differ"):
        identify(tmp_path / "w.pth")
    torch.save([torch.zeros(3)], tmp_path / "w.pth")
    with pytest.raises(ValueError, match="must hold named tensors, got list"):
        identify(tmp_path / "w.pth")


def test_weights_that_are_not_finite_are_refused(tmp_path):
    stored = torch.load(wheel_file(), weights_only=True)
    torch.save(stored | {"_bn1.bias": torch.full((1280,), torch.nan)}, tmp_path / "w.pth")
    with pytest.raises(ValueError, match="not finite"):
        identify(tmp_path / "w.pth")


def test_missing_weights_are_one_line(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        identify(tmp_path / "nowhere.pth")
    monkeypatch.setattr("bakeoff.pipelines.frozen.weights.wheel_file", lambda: None)
    assert available() == ""
    with pytest.raises(ValueError, match="or name a file with --weights"):
        identify()
