"""A trained model as an ONNX file: pictures in, probabilities out, for runtimes without Python or torch."""

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.datasets.resizing import MIDDLE, WHOLE
from bakeoff.pipelines.classic.system.classic_model import ClassicModel
from bakeoff.pipelines.machine.missing import how_to_install
from bakeoff.pipelines.results.model import TrainedModel

INPUT, OUTPUTS = "images", ["probabilities", "scores"]
OPSET = 20
PICTURES_AT_A_TIME = 16  # all their descriptors are in memory at once
TRACED_PICTURES = 2  # a batch of one would be taken for a constant
MOST_BITS = 22  # of a weight behind the point
LARGEST_WEIGHT = 2**15  # int16
LARGER = (7, 3)  # pixels by which the traced pictures are larger than the model's: any size is meant


class PicturesToProbabilities(nn.Module):
    """uint8 (n, height, width, channels) -> float32 (n, n_classes): softmax(scores / temperature), and the scores.

    scores: of pictures of image_shape, in the product's own code, which torch.export follows.
    Pictures have any size where that is a square.   frame: how they become squares, as in `Rules`.
    """

    def __init__(
        self,
        scores: Callable[[Tensor], Tensor],
        image_shape: tuple[int, int, int],
        temperature: float = 1.0,
        frame: str = MIDDLE,
    ) -> None:
        super().__init__()
        self.scores, self.temperature, self.frame = scores, temperature, frame
        height, width, _ = image_shape
        self.side = height if height == width else None

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.scores(images if self.side is None else to_square(images, self.side, self.frame))
        return (scores / self.temperature).softmax(dim=1), scores


def export_onnx(model: TrainedModel, temperature: float, frame: str = MIDDLE) -> bytes:
    """The content of a .onnx file; class names, experiment and temperature are in its metadata.

    frame: how pictures became squares, as in `Rules`.
    Input `images`: uint8 (n, height, width, channels), any n, and any size where the model takes squares.
    Outputs: `probabilities` and `scores`, float32 (n, n_classes).
    Raises ValueError if the packages for it are not installed, or something in the model has no such graph.
    """
    require_onnx()
    import onnx

    try:
        whole = PicturesToProbabilities(model.scores_of_tensors(), model.image_shape, temperature, frame)
        program = _trace(whole, model.image_shape)
    except torch.onnx.OnnxExporterError as error:
        raise ValueError(f"{_inexpressible(model)} cannot be written as ONNX: {_reason(error)}") from error
    properties = {"experiment": model.experiment, "class_names": json.dumps(list(model.class_names))}
    proto = program.model_proto  # made anew every time it is asked for
    onnx.helper.set_model_props(proto, properties | {"temperature": repr(temperature)})
    onnx.checker.check_model(proto)
    content: bytes = proto.SerializeToString()
    return content


def predict_with_onnx(session: Any, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and scores, float32 (n, n_classes) each. images: uint8 (n, height, width, channels)."""
    starts = range(0, len(images), PICTURES_AT_A_TIME)
    parts = [session.run(OUTPUTS, {INPUT: images[start : start + PICTURES_AT_A_TIME]}) for start in starts]
    probabilities, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
    return probabilities, scores


def open_session(content: bytes) -> Any:
    """ONNX Runtime on the CPU, on as many cores as torch uses."""
    require_onnx()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors: it remarks on every constant that it takes out
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waits of threads keep no core busy
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def require_onnx() -> None:
    """Raises ValueError, saying how to install them, if one of the packages is missing."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        remedy = how_to_install("onnx", "onnxscript", "onnxruntime")
        raise ValueError(f"exporting needs {error.name}: {remedy}") from error


def _trace(module: nn.Module, image_shape: tuple[int, int, int]) -> Any:
    """The ONNX program of a module that takes pictures: of any size, where image_shape is a square."""
    height, width, n_channels = image_shape
    free: dict[int, Any] = {0: torch.export.Dim.DYNAMIC}
    if height == width:
        height, width = height + LARGER[0], width + LARGER[1]
        free = dict.fromkeys(range(3), torch.export.Dim.DYNAMIC)
    with _quiet(), torch.no_grad():
        return torch.onnx.export(
            module.eval(),
            (torch.zeros((TRACED_PICTURES, height, width, n_channels), dtype=torch.uint8),),
            dynamo=True,
            verbose=False,
            input_names=[INPUT],
            output_names=OUTPUTS,
            opset_version=OPSET,
            dynamic_shapes={INPUT: free},
            optimize=False,  # takes as long as all else, and runtimes do it again
            custom_translation_table=_translations(),
        )


def _translations() -> dict[Any, Any]:
    """Operations that torch's exporter lacks, or rounds in another way than torch does."""
    import onnx_ir
    import onnxscript
    from onnxscript.function_libs.torch_lib.ops.core import aten_add

    op: Any = onnxscript.opset20

    def copysign(magnitudes: Any, signs: Any) -> Any:
        positive = op.Abs(magnitudes)
        return op.Where(op.Less(signs, op.CastLike(0.0, signs)), op.Neg(positive), positive)

    def add(self: Any, other: Any, alpha: float = 1.0) -> Any:
        """self + alpha * other, rounded once as processors do: else grays on the border of two bins would move."""
        if alpha == 1 or self.dtype != onnx_ir.DataType.FLOAT:
            return aten_add(self, other, alpha)
        factor = op.Constant(value=onnx_ir.tensor(np.float64(np.float32(alpha))))
        double, single = onnx_ir.DataType.DOUBLE, onnx_ir.DataType.FLOAT
        return op.Cast(op.Add(op.Cast(self, to=double), op.Mul(op.Cast(other, to=double), factor)), to=single)

    return {torch.ops.aten.copysign.Tensor: copysign, torch.ops.aten.add.Tensor: add}


def _inexpressible(model: TrainedModel) -> str:
    """The first family that cannot be traced alone, or else the model itself."""
    for system in model.systems if isinstance(model, ClassicModel) else ():
        for family, state in zip(system.system.families, system.states, strict=True):
            try:
                encode = partial(family.encode, state=state)
                _trace(PicturesToProbabilities(encode, model.image_shape), model.image_shape)
            except torch.onnx.OnnxExporterError:
                return family.label
    return model.experiment


def _reason(error: BaseException) -> str:
    """The first line of what began it."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Without torch's remarks on its own parts: operators of torchvision, its own deprecated calls, failed attempts."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def to_square(images: Tensor, side: int, frame: str = MIDDLE) -> Tensor:
    """uint8 (n, height, width, channels) -> (n, side, side, channels), in operations that a graph knows.

    To the bit what `bakeoff.datasets.resizing` gives: torch's bilinear resize of bytes with antialiasing, whose
    weights are whole numbers and which rounds to bytes after the columns and again after the rows. In float64, where
    all these sums are exact.
    """
    height, width, n_channels = images.shape[1:]
    if frame == WHOLE:
        across, down = resize_weights(width, side), resize_weights(height, side)
    else:
        length = torch.sym_min(height, width)
        rows, columns = (torch.arange(length) + (whole - length) // 2 for whole in (height, width))
        images = images.index_select(1, rows).index_select(2, columns)
        across = down = resize_weights(length, side)
    (weights, unit), (weights_down, unit_down) = across, down
    wide = _to_bytes(images.double().transpose(2, 3) @ weights.T, unit)  # (n, height, channels, side)
    resized = _to_bytes(weights_down @ wide.flatten(2), unit_down)  # (n, side, channels * side)
    return resized.unflatten(2, (n_channels, side)).transpose(2, 3).to(torch.uint8)


def resize_weights(length: int, side: int) -> tuple[Tensor, Tensor]:
    """float64 (side, length), whole numbers: what each pixel counts in each new one; and what those of one sum to.

    Triangles as wide as two new pixels, or two old ones where pictures grow, as many bits as int16 holds.
    """
    scale = torch.full((), length, dtype=torch.float64) / side
    centers = (torch.arange(side, dtype=torch.float64)[:, None] + 0.5) * scale
    pixels = torch.arange(length, dtype=torch.float64) + 0.5
    weights = (1 - ((pixels - centers) / scale.clamp(min=1)).abs()).clamp(min=0)
    weights = weights / weights.sum(dim=1, keepdim=True)
    units = 2.0 ** torch.arange(1, MOST_BITS + 1, dtype=torch.float64)
    fits = (weights.max() * units + 0.5).floor() < LARGEST_WEIGHT
    unit = torch.where(fits, units, 1.0).max()
    return (weights * unit + 0.5).floor(), unit


def _to_bytes(sums: Tensor, unit: Tensor) -> Tensor:
    """Whole numbers 0..255, still float64: sums over the unit, halves rounded up."""
    return (sums / unit + 0.5).floor().clamp(0, 255)
