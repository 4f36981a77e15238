import pickle
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from bakeoff.pipelines.frozen.frozen_net import FrozenNet
from bakeoff.pipelines.frozen.weights import NONE, ORIGINS, Weights, available, identify, read_weights, wheel_file


class Malice:
    def __reduce__(self):
        return (open, (self.path, "w"))


def test_the_wheels_weights_are_known_by_their_checksum():
    assert available() == identify()
    assert ORIGINS[identify()]["trained_on"].startswith("ImageNet-1k")
    assert read_weights(identify()).shape == (3_350_000,)


def test_none_stands_for_no_frozen_net():
    assert available(NONE) is None


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
    assert available() is None
    with pytest.raises(ValueError, match="or name a file with --weights"):
        identify()


class Tiny(nn.Module):
    """What timm's nets offer, at the size of a test."""

    pretrained_cfg = {  # noqa: RUF012 - as timm has it
        "classifier": "fc",
        "input_size": (3, 8, 8),
        "mean": (0.5, 0.25, 0.0),
        "std": (0.25, 0.25, 1.0),
        "interpolation": "bicubic",
        "tag": "some_pictures",
        "license": "mit",
    }

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(2)

    def forward(self, x):
        return self.norm(self.conv(x)).mean(dim=(2, 3))


@pytest.fixture
def timm(monkeypatch):
    """Stands for timm, which is not installed with the tests; it knows one net."""

    def create_model(name, num_classes, pretrained=False):
        if name.partition(".")[0] != "tiny":
            raise RuntimeError(f"Unknown model ({name})")
        assert num_classes == 0
        net = Tiny()
        if pretrained:
            nn.init.constant_(net.conv.weight, 0.5)
        return net

    monkeypatch.setitem(sys.modules, "timm", SimpleNamespace(create_model=create_model))


@torch.no_grad()
def test_a_net_of_timm_sees_pictures_as_it_was_trained_and_needs_its_own_file(timm, tmp_path):
    net = Tiny().eval()
    save_file(net.state_dict() | {"fc.weight": torch.zeros(5, 2)}, tmp_path / "tiny.safetensors")
    weights = identify(Path(f"tiny:{tmp_path / 'tiny.safetensors'}"))
    assert weights.net == "tiny"
    assert weights not in ORIGINS
    family = FrozenNet(weights.checksum, 8, "tiny")
    pictures = torch.randint(0, 256, (2, 8, 8, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    scaled = (pictures.permute(0, 3, 1, 2) / 255 - torch.tensor([0.5, 0.25, 0.0]).view(3, 1, 1)) / torch.tensor(
        [0.25, 0.25, 1.0]
    ).view(3, 1, 1)
    expected = nn.functional.normalize(net(scaled))
    torch.testing.assert_close(family.encode(pictures, family.fit(pictures.numpy(), 0)), expected)


def test_timm_fetches_weights_only_where_it_is_asked_to(timm):
    weights = identify(Path("tiny.some_pictures:hub"))
    assert read_weights(weights)[:6].tolist() == [0.5] * 6
    assert ORIGINS[weights] == {"trained_on": "some_pictures", "license": "mit"}


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("huge:{file}", r"timm cannot make the net huge: Unknown model \(huge\)"),
        ("tiny:{file}", "another net than tiny: 7 of 6 parameters differ"),
        ("hf-hub:somebody/tiny:hub", r"has a name such as resnet18\.a1_in1k, got 'hf-hub:somebody/tiny'"),
        ("tiny:{folder}/nowhere", "cannot be read: No such file"),
    ],
)
def test_a_wrong_name_or_file_of_timm_is_one_line(timm, tmp_path, place, message):
    save_file({"weight": torch.zeros(3)}, tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match=message) as caught:
        identify(Path(place.format(file=tmp_path / "w.safetensors", folder=tmp_path)))
    assert "\n" not in str(caught.value)


def test_without_timm_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ValueError, match=r"the net resnet18 needs timm: \.venv/bin/python -m pip install"):
        identify(Path("resnet18:hub"))


def test_weights_that_no_file_gave_are_refused():
    with pytest.raises(ValueError, match="must be those of a file that was named with --weights, got 'abc'"):
        read_weights(Weights("", "abc"))
