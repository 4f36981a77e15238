import pytest
import torch
from skimage import data
from torch.nn import functional as F

from bakeoff.pipelines.frozen.network import Backbone, EfficientNetLite0, _convolution, _padded, fold
from bakeoff.pipelines.frozen.weights import fill, flatten, outline, wheel_file


@pytest.fixture(scope="module")
def stored() -> dict[str, torch.Tensor]:
    return torch.load(wheel_file(), weights_only=True)


def load(stored: dict[str, torch.Tensor]) -> EfficientNetLite0:
    network = EfficientNetLite0().eval()
    network.load_state_dict({name: value for name, value in stored.items() if not name.startswith("_fc")})
    return network


def square(name: str) -> torch.Tensor:
    picture = torch.from_numpy(getattr(data, name)().copy()).permute(2, 0, 1)[None].float()
    side = min(picture.shape[2:])
    top, left = ((length - side) // 2 for length in picture.shape[2:])
    cut = picture[:, :, top : top + side, left : left + side]
    return (F.interpolate(cut, (224, 224), mode="bilinear", antialias=True) - 127) / 128


@torch.no_grad()
def test_with_their_own_classifier_the_weights_name_pictures_as_imagenet_does(stored):
    network = load(stored)
    features = network(torch.cat([square("chelsea"), square("coffee"), square("rocket")]))
    cat, espresso, missile = F.linear(features, stored["_fc.weight"], stored["_fc.bias"]).argmax(dim=1).tolist()
    assert cat in (281, 282, 285)  # tabby, tiger cat, Egyptian cat
    assert (espresso, missile) == (967, 657)


@torch.no_grad()
def test_the_folded_net_gives_the_same_features_and_is_filled_from_its_flat_weights(stored):
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    filled = outline(image_size=64)
    fill(filled, flatten(fold(load(stored))))
    torch.testing.assert_close(filled.body(images), load(stored)(images), rtol=0, atol=1e-4)


def test_other_numbers_of_weights_are_refused():
    with pytest.raises(ValueError, match="the net has 3,350,000 weights, got"):
        fill(outline(), torch.zeros(5))


@torch.no_grad()
def test_cut_at_any_block_the_net_gives_the_same_features(stored):
    network, pixels = Backbone(fold(load(stored)), 64), torch.full((1, 1, 64, 64), 90.0)
    pixels[:, :, 20:] = 200
    for block in (0, 11, 16):
        assert torch.equal(network.body.after(network.maps(pixels, block), block), network(pixels))


@torch.no_grad()
def test_a_halved_side_is_padded_at_the_end_first():
    convolution = _convolution(1, 1, 3, stride=2)
    convolution.weight.fill_(1.0)
    sums = _padded(convolution, torch.arange(16.0).reshape(1, 1, 4, 4))
    assert sums[0, 0].tolist() == [[45.0, 39.0], [66.0, 50.0]]  # windows begin at 0 and 2; what lies outside is 0
