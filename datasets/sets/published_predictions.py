"""What published models said about the test pictures of CIFAR-10, in the published order of those pictures.

Source: Recht, Roelofs, Schmidt, Shankar, "Do CIFAR-10 classifiers generalize to CIFAR-10?", 2018; their repository
keeps the answers of every model of the study, MIT license. Those listed here stand nearest to the question: a linear
classifier on features that nobody trained end to end, and early convolutional nets.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pooch

from bakeoff.datasets.sets.cifar import CACHE_FOLDER

FOLDER = "cifar-10-published-predictions"
URL = "https://raw.githubusercontent.com/modestyachts/CIFAR-10.1/master/model_predictions/original_predictions"
SOURCE = "Recht et al. 2018, github.com/modestyachts/CIFAR-10.1"
# SHA-256 over the 10,000 test labels, one byte each: the answers fit these pictures in this order and no others.
TEST_LABELS_SHA256 = "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5"


class PublishedModel(NamedTuple):
    """file: in `FOLDER`, and with `_predictions` in its name below `URL`.   sha256: of that file."""

    file: str
    side: Literal["hand-crafted", "end-to-end"]
    name: str
    title: str
    sha256: str


SHA256 = {  # of their files
    "random_features_32k_no_aug": "9fbeebf8a5821a46a6bafa8c96e33a97346ea6ddf835a6deb9686f9ab44e5c68",
    "random_features_32k_aug": "4306ca5563a7d805298b56bb1a50e1265247a1144abd643119a3e59b1f4d3009",
    "random_features_256k_no_aug": "ae234adaa5fec4a9be3b17b81f4bb6d6ce8468fa1f7259ebce05f9453aa296c0",
    "random_features_256k_aug": "c6db9dfa9a54874b9652dd3e80628aaf0a4f51f28a8595e703333653b3a59f7c",
    "alexnet_tf_ben": "3c5251a7033db81bcb653062c57471d04713d9bb34b0668d8c79fd5332b41f94",
    "cudaconvnet": "87045a28e8f6ba958c1a7278c3bff74f59e725707d45a55bd9647e315438783b",
    "vgg16_keras": "c87168134ecea8e382e412a535c6014ef1157d660d1cfe6a6688742d50e7bbf3",
}
LINEAR = "linear classifier"
MODELS = tuple(
    PublishedModel(file, "hand-crafted" if LINEAR in title else "end-to-end", name, title, SHA256[file])
    for file, name, title in (
        ("random_features_32k_no_aug", "patches-32k", f"32,000 random patches, {LINEAR}"),
        ("random_features_32k_aug", "patches-32k-augmented", f"32,000 random patches, augmented, {LINEAR}"),
        ("random_features_256k_no_aug", "patches-256k", f"256,000 random patches, {LINEAR}"),
        ("random_features_256k_aug", "patches-256k-augmented", f"256,000 random patches, augmented, {LINEAR}"),
        ("alexnet_tf_ben", "alexnet-tensorflow", "convolutional net, AlexNet at CIFAR size"),
        ("cudaconvnet", "cuda-convnet", "convolutional net of 2012, augmented"),
        ("vgg16_keras", "vgg16-keras", "convolutional net of 2014"),
    )
)


def has_published_predictions(test_labels: np.ndarray) -> bool:
    """True if these int64 (n_test,) are the test labels of CIFAR-10 in the published order, whatever their data set."""
    as_bytes = test_labels.astype(np.uint8)
    is_theirs = hashlib.sha256(as_bytes.tobytes()).hexdigest() == TEST_LABELS_SHA256
    return is_theirs and np.array_equal(as_bytes, test_labels)


def load_published_predictions(
    data_root: Path | None = None, models: Sequence[PublishedModel] = MODELS
) -> list[tuple[PublishedModel, np.ndarray]]:
    """What each model said, int64 (10000,), from `data_root/FOLDER`, downloading what is missing (60 kB each at most).

    data_root: folder of data sets; None means ~/.cache/bakeoff.
    Raises OSError if a file can neither be found nor downloaded, ValueError if one is not what was published.
    """
    folder = (data_root or CACHE_FOLDER).expanduser() / FOLDER
    return [(model, _read(folder / f"{model.file}.json", model)) for model in models]


def _read(path: Path, model: PublishedModel) -> np.ndarray:
    address = f"{URL}/{model.file}_predictions.json"
    if not path.is_file():
        downloader = pooch.HTTPDownloader(timeout=20)
        try:
            pooch.retrieve(address, f"sha256:{model.sha256}", path.name, path.parent, downloader=downloader)
        except (OSError, ValueError) as error:  # no network, or a wrong checksum
            raise OSError(f"{path} is missing and could not be downloaded from {address} ({error})") from error
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != model.sha256:
        raise ValueError(
            f"{path} must be the published file with SHA-256 {model.sha256}: delete it to download it again"
        )
    return np.array(json.loads(content), dtype=np.int64)
