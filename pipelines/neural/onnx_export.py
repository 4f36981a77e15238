"""A trained net as an ONNX file: pixels in, logits out, for runtimes without Python or torch."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.pipelines.neural.model_file import NeuralModel
from bakeoff.pipelines.neural.training.prediction import views

INPUT, OUTPUT = "images", "scores"
TRACED_PICTURES = 2  # a batch of one would be taken for a constant


class PixelsToScores(nn.Module):
    """All that `NeuralModel.predict_scores` does, as one net: uint8 (n, height, width, channels) as decoders give them,
    to float32 (n, n_classes); the mean over the picture's views is inside."""

    def __init__(self, model: NeuralModel) -> None:
        super().__init__()
        self.network = model.network
        self.description = model.description

    def forward(self, images: Tensor) -> Tensor:
        images = images.permute(0, 3, 1, 2)  # (n, channels, height, width)
        seen = views(images, self.description.flip_averaging, self.description.shift_averaging)
        return torch.stack([weight * self.network(view) for view, weight in seen]).sum(dim=0)


def export_onnx(model: NeuralModel) -> bytes:
    """The content of a .onnx file for any number of pictures at once; class names and experiment are in its metadata.

    Raises ValueError if the packages for it are not installed.
    """
    require_onnx()
    import onnx

    images = torch.zeros((TRACED_PICTURES, *model.image_shape), dtype=torch.uint8)
    cpu_model = model.to(torch.device("cpu"))
    with _quiet():
        program = torch.onnx.export(
            PixelsToScores(cpu_model).eval(),
            (images,),
            dynamo=True,
            verbose=False,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes={INPUT: {0: torch.export.Dim.DYNAMIC}},
        )
    if program is None:
        raise ValueError("torch gave no ONNX program")
    proto = program.model_proto
    onnx.helper.set_model_props(
        proto, {"experiment": model.experiment, "class_names": json.dumps(list(model.class_names))}
    )
    onnx.checker.check_model(proto)
    content: bytes = proto.SerializeToString()
    return content


def predict_with_onnx(content: bytes, images: np.ndarray) -> np.ndarray:
    """Scores float32 (n, n_classes) of uint8 (n, height, width, channels) by ONNX Runtime on the CPU."""
    require_onnx()
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    scores: np.ndarray = session.run([OUTPUT], {INPUT: images})[0]
    return scores


def require_onnx() -> None:
    """Raises ValueError, saying how to install them, if one of the packages is missing."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ValueError(
            f"exporting needs {error.name}: .venv/bin/python -m pip install -c constraints.txt -e '.[onnx]'"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without torch's remarks on its own parts: operators of torchvision, and its own deprecated calls."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        logger.setLevel(level)
