"""Fine-tuning: a frozen net's last blocks, and a classifier on them, trained at a low rate by the trainer of the nets.

The blocks before are computed once for every picture, and kept. The classifier starts as the SVM of the experiment
`frozen`, its margins scaled to probabilities: from weights drawn at random, first steps would undo what the net knows.
Source: Kumar et al., "Fine-tuning can distort pretrained features", ICLR 2022. Differs: an SVM, and no augmentation.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.encoding.encodings import l2_normalize
from bakeoff.pipelines.classic.svm.cost_choice import choose_cost
from bakeoff.pipelines.classic.svm.linear_svm import predict_scores as svm_scores
from bakeoff.pipelines.classic.svm.squared_hinge import ClassWeight
from bakeoff.pipelines.classic.system.family_features import Encoded, encode
from bakeoff.pipelines.frozen.frozen_net import FrozenNet, FrozenWeights, ready
from bakeoff.pipelines.frozen.network import N_FEATURES
from bakeoff.pipelines.frozen.weights import fill, outline
from bakeoff.pipelines.machine.device import make_repeatable
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.stopwatch import measure, measure_latency
from bakeoff.pipelines.neural.config import NeuralConfig, describe
from bakeoff.pipelines.neural.networks.build import Architecture, Network, Standardize, count_parameters
from bakeoff.pipelines.neural.neural_model import NetDescription, NeuralModel, store_neural_model
from bakeoff.pipelines.neural.training.loop import Trainer
from bakeoff.pipelines.neural.training.minibatches import Examples, fit_to
from bakeoff.pipelines.neural.training.prediction import PICTURES_AT_A_TIME, predict_scores
from bakeoff.pipelines.results.balance import is_unbalanced
from bakeoff.pipelines.results.calibrator import fit_temperature
from bakeoff.pipelines.results.run import NotApplicableError, RunResult, Size

VERSION = 1  # raise it when a change of code changes results
COSTS = (1.0, 4.0, 16.0, 64.0)  # C of the SVM that the classifier starts as


@dataclass(frozen=True)
class FineTuned(Architecture):
    """EfficientNet-Lite0 and a classifier. weights: checksum, from `weights.identify`.   image_size: a multiple of 32.

    first_trained: the block from which on weights are trained, of 16; those before keep what they have.
    """

    weights: str = ""
    image_size: int = 224
    first_trained: int = 11  # the last two stages: four fifths of the weights, a third of the operations

    def build(self, image_shape: tuple[int, int, int], n_classes: int) -> "FineTunedNet":
        return FineTunedNet(self, n_classes)


class FineTunedNet(nn.Module):
    """float32 (n, 1 or 3, h, w), 0..255, or what the first trained block reads of them as float16, to logits."""

    def __init__(self, settings: FineTuned, n_classes: int) -> None:
        super().__init__()
        self.backbone, self.first = outline(image_size=settings.image_size), settings.first_trained
        self.classifier = nn.Linear(N_FEATURES, n_classes)
        self.backbone.requires_grad_(False)
        for trained in (*self.backbone.body._blocks[self.first :], self.backbone.body._conv_head):
            trained.requires_grad_(True)

    def forward(self, images: Tensor) -> Tensor:
        maps = images if images.dtype == torch.float16 else self.backbone.maps(images, self.first).half()
        return self.classifier(self.features(maps))  # type: ignore[no-any-return]

    def features(self, maps: Tensor) -> Tensor:
        """float32 (n, 1280) of unit length."""
        return l2_normalize(self.backbone.body.after(maps.float(), self.first))


@dataclass(frozen=True)
class Maps(FrozenNet):
    """What the first trained block of EfficientNet-Lite0 reads, one long vector a picture."""

    first_trained: int = 0

    def encode(self, images: Tensor, state: FrozenWeights) -> Tensor:
        backbone = ready(self.net, self.image_size, state.values).to(images.device)
        with torch.no_grad():
            return backbone.maps(images.permute(0, 3, 1, 2).float(), self.first_trained).flatten(1)


def run(job: Job[NeuralConfig]) -> RunResult:
    """Train on `dataset.train`, choose on `dataset.validation`, predict `dataset.test` once.

    Raises NotApplicableError for pictures that are neither gray nor RGB.
    """
    make_repeatable()
    dataset, settings = job.dataset, job.config.architecture
    assert isinstance(settings, FineTuned)
    job = replace(job, config=fit_to(job.config, len(dataset.train), dataset.image_shape))
    encoded, net = _encode(settings, job), FineTunedNet(settings, len(dataset.class_names))
    examples = _to_examples(encoded, job, net)
    fill(net.backbone, encoded.state.values)
    net.to(job.workspace.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with measure(f"train {job.experiment}", "training") as training:
        history = _tune(net, examples["train"], examples["validation"], job)
        scores = {name: predict_scores(net, examples[name].images) for name in ("train", "validation")}
    with measure("predict", "prediction") as predicting:
        scores["test"] = predict_scores(net, examples["test"].images)
    description = NetDescription(settings, flip_averaging=False)
    network = Network(Standardize(dataset.image_shape[2]), net.cpu().eval())  # unfitted, it leaves pixels as they are
    model = NeuralModel(job.experiment, dataset.class_names, dataset.image_shape, description, network, side="frozen")
    return job.answer_of_net(
        replace(store_neural_model(model), approach="frozen"),
        {name: value.cpu().numpy() for name, value in scores.items()},
        dataset.train.labels,
        Size(N_FEATURES, count_parameters(net), bytes=0),
        side=model.side,
        settings=describe(job.config),
        stages=(*encoded.costs, training.stage, predicting.stage),
        environment={**job.workspace.environment, "device": str(job.workspace.device)},
        history=tuple(history),
        diagnostics=measure_latency(model.predict_scores, dataset.test.images),
    )


def _encode(net: FineTuned, job: Job[NeuralConfig]) -> Encoded:
    """The maps of every split, through the cache that all features go through."""
    family = Maps(net.weights, net.image_size, first_trained=net.first_trained)
    if refusal := family.refusal(job.dataset.image_shape):
        raise NotApplicableError(f"{job.experiment} cannot be applied to {job.dataset.name}: {refusal}")
    system = System(job.experiment, (family,), storage="float16")
    plain = Job(job.dataset, ClassicConfig((system,)), job.seed, job.workspace, job.experiment, job.title)
    return encode(family, system, plain)


def _to_examples(encoded: Encoded, job: Job[NeuralConfig], net: FineTunedNet) -> dict[str, Examples]:
    dataset, device = job.dataset, job.workspace.device
    shape = net.backbone.maps(torch.zeros(1, *dataset.image_shape[2::-1]), net.first).shape[1:]
    return {
        name: Examples(
            torch.as_tensor(np.array(part) if isinstance(part, np.ndarray) else part).view(-1, *shape).to(device),
            torch.from_numpy(split.labels).to(device),
            len(dataset.class_names),
        )
        for name, split in dataset.splits.items()
        for part in [encoded.parts[name]]
    }


def _tune(net: FineTunedNet, train: Examples, validation: Examples, job: Job[NeuralConfig]) -> list[dict[str, Any]]:
    """Give the net the weights of its best epoch on validation. Returns its history."""
    _start_as_svm(net, train, validation)
    trainer = Trainer(net, train, validation, job.config, seed=job.seed)
    with job.workspace.progress(f"train {job.experiment}", trainer.plan.n_steps) as advance:
        while not trainer.finished:
            trainer.run_epoch(advance)
    net.load_state_dict(trainer.best_weights)
    return trainer.history


@torch.no_grad()
def _start_as_svm(net: FineTunedNet, train: Examples, validation: Examples) -> None:
    """The classifier that `frozen` would have, with C and the scale of its margins chosen on validation."""
    features, held_out = (
        torch.cat([net.features(part) for part in examples.images.split(PICTURES_AT_A_TIME)]).cpu()
        for examples in (train, validation)
    )
    labels, held_out_labels = (examples.labels.cpu().numpy() for examples in (train, validation))
    weighing: ClassWeight = "balanced" if is_unbalanced(np.bincount(labels, minlength=train.n_classes)) else None
    svm = choose_cost(
        features, labels, held_out, held_out_labels,
        costs=COSTS, n_classes=train.n_classes, class_weight=weighing,
    ).svm  # fmt: skip
    temperature = fit_temperature(svm_scores(held_out, svm), held_out_labels)
    net.classifier.weight.copy_(torch.from_numpy(svm.weights / temperature))
    net.classifier.bias.copy_(torch.from_numpy(svm.bias / temperature))
