"""Stochastic gradient descent on one tensor of pictures in memory, one epoch at a time.

Everything random in epoch e comes from generators seeded by (seed, e), and the learning rate from the step alone. So a
`Snapshot` between two epochs is all that is needed to go on exactly as if nothing had happened.
"""

import io
import math
import pickle
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.pipelines.machine.freed_memory import freed_memory_kept
from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.neural.distributed import ALONE, Processes
from bakeoff.pipelines.neural.training.minibatches import Examples, Minibatches, plan_steps, seed_number
from bakeoff.pipelines.neural.training.optimizers import build_optimizer, learning_rate_share, set_learning_rate
from bakeoff.pipelines.neural.training.prediction import StateDict, predict_scores
from bakeoff.pipelines.results.balance import class_weights, is_unbalanced

INTERVAL = 5  # steps between two averagings: each reads and writes all weights, as much as a tenth of a step


@dataclass(frozen=True)
class Snapshot:
    """A training run between two epochs; `history` has a row for each epoch done.

    average: moving average of the weights.   best: those with the highest validation score so far.
    optimizer: its state for each parameter, in the order of the parameters.
    """

    weights: StateDict
    average: StateDict
    best: StateDict
    optimizer: dict[int, dict[str, Tensor]]
    history: tuple[dict[str, Any], ...]
    bfloat16: bool

    def to_bytes(self) -> bytes:
        """A checksum, and torch's own format, of which only plain values are read."""
        buffer = io.BytesIO()
        torch.save(vars(self), buffer)
        return zlib.crc32(buffer.getvalue()).to_bytes(4) + buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, device: torch.device) -> "Snapshot":
        """Raises ValueError if the bytes are not a whole snapshot. Never runs code from the file."""
        try:
            if zlib.crc32(content[4:]).to_bytes(4) != content[:4]:
                raise ValueError("its checksum differs")
            return cls(**torch.load(io.BytesIO(content[4:]), map_location=device, weights_only=True))
        except (RuntimeError, ValueError, TypeError, EOFError, pickle.UnpicklingError) as error:
            raise ValueError(f"the checkpoint of a training is damaged ({error}): delete it") from error


class Trainer:
    """Trains `network` in place. Call `run_epoch` until `finished`; then `best_weights` are the ones to keep.

    config: with one optimizer.
    """

    def __init__(
        self,
        network: nn.Module,
        train: Examples,
        validation: Examples,
        config: NeuralConfig,
        *,
        seed: int,
        bfloat16: bool = False,
        processes: Processes = ALONE,
    ) -> None:
        self.network, self.config, self.settings, self.seed = network, config, config.optimizers[0], seed
        self.train, self.validation = train, validation
        self.plan, self.processes = plan_steps(len(train), config), processes
        counts = np.bincount(train.labels.cpu(), minlength=train.n_classes)
        self.class_weights, self._validation_weights = None, torch.ones(len(validation), device=train.labels.device)
        if is_unbalanced(counts):
            self.class_weights = torch.from_numpy(class_weights(counts)).to(self._validation_weights)
            self._validation_weights = 1 / validation.labels.bincount()[validation.labels]
        self.minibatches = Minibatches(train, self.plan, config.augmentation, seed, processes)
        together = processes.together(network)
        self._forward = torch.compile(together) if config.compiled else together
        self.optimizer = build_optimizer(network, self.settings)
        self.average = copied(network.state_dict())
        self.best_weights: StateDict = {}
        self.history: list[dict[str, Any]] = []
        self.bfloat16 = bfloat16

    @property
    def finished(self) -> bool:
        return len(self.history) == self.plan.epochs

    @freed_memory_kept()
    def run_epoch(self, on_step: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """The epoch's steps, then the validation score. Returns the epoch's row of the history.

        Raises FloatingPointError, naming the step, if the loss is not finite.
        """
        epoch, plan = len(self.history), self.plan
        first, n_steps = plan.first_step(epoch), plan.steps_of(epoch)
        sums = []
        self.network.train()
        with torch.random.fork_rng():
            torch.manual_seed(seed_number(self.seed, epoch + 1))  # for dropout
            for i, (images, targets) in enumerate(self.minibatches.of_epoch(epoch)):
                sums.append(self._step(first + i, images, targets))
                on_step()
        losses, n_right = zip(*torch.stack(sums).tolist(), strict=True)
        for i, loss in enumerate(losses):
            self._check_loss(first + i, loss)
        score = self._validation_score()
        if all(score > row["validation_score"] for row in self.history):
            self.best_weights = copied(self.average)
        row = {
            "epoch": epoch + 1,
            "train_loss": sum(losses) / n_steps,
            "train_accuracy": sum(n_right) / (n_steps * plan.batch_size),
            "validation_score": score,
            "learning_rate": self.optimizer.param_groups[0]["lr"],
        }
        self.history.append(row)
        return row

    def snapshot(self) -> Snapshot:
        """The run as it stands. Shares its tensors with the trainer: save it before the next epoch."""
        state = self.optimizer.state_dict()["state"]
        weights = dict(self.network.state_dict())
        return Snapshot(weights, self.average, self.best_weights, state, tuple(self.history), self.bfloat16)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot taken by a trainer of the same network, pictures, configuration and seed."""
        self.network.load_state_dict(snapshot.weights)
        self.average, self.best_weights = dict(snapshot.average), dict(snapshot.best)
        self.history, self.bfloat16 = list(snapshot.history), snapshot.bfloat16
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": snapshot.optimizer, "param_groups": groups})

    def _step(self, step: int, images: Tensor, targets: Tensor) -> Tensor:
        """One update from this process's share of a minibatch. Returns the loss of the whole minibatch and its number
        of right predictions before the update, float32 (2,): an accelerator, which is ahead, is not waited for."""
        share = learning_rate_share(self.config.schedule, step, self.plan.n_steps, self.config.warmup)
        set_learning_rate(self.optimizer, self.settings.learning_rate * share)
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.bfloat16):
            logits = self._forward(images).float()
        loss = nn.functional.cross_entropy(
            logits, targets, weight=self.class_weights, label_smoothing=self.config.label_smoothing
        )
        n_right = (logits.argmax(dim=1) == targets.argmax(dim=1)).sum()
        sums = self.processes.sum(torch.stack([loss.detach() / self.processes.size, n_right.float()]))
        if images.device.type == "cpu":
            self._check_loss(step, sums[0].item())
        self.optimizer.zero_grad()
        loss.backward()
        if self.config.gradient_clip is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.config.gradient_clip)
        self.optimizer.step()
        if (step + 1) % INTERVAL == 0:
            update_average(self.average, self.network, self.config.average_decay, (step + 1) // INTERVAL)
        return sums

    def _check_loss(self, step: int, loss: float) -> None:
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"the training loss must be finite, got {loss} at step {step} of {self.plan.n_steps}: "
                f"lower learning_rate (now {self.settings.learning_rate:g}) or set gradient_clip"
            )

    def _validation_score(self) -> float:
        """Of the averaged weights: accuracy, or balanced accuracy if classes are unbalanced in training. Each process
        predicts its share."""
        share = self.processes.share(len(self.validation))
        images, labels = self.validation.images[share], self.validation.labels[share]
        scores = predict_scores(self.network, images, weights=self.average, bfloat16=self.bfloat16)
        right = self.processes.sum(self._validation_weights[share][scores.argmax(dim=1) == labels].sum())
        return right.item() / self._validation_weights.sum().item()


def copied(weights: StateDict) -> StateDict:
    return {name: value.detach().clone() for name, value in weights.items()}


def update_average(average: StateDict, network: nn.Module, decay: float, n_updates: int) -> None:
    """Moving average of the weights along training, a better net than its last step for free, in place:

    average <- d average + (1 - d) weights, with d = min(decay, (1 + n) / (10 + n)). Counters (integers) are copied.
    n_updates: n, with this one, from 1; the smaller d of the first ones lets the mean forget the first weights.
    """
    share = min(decay, (1 + n_updates) / (10 + n_updates))
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            average[name].lerp_(value, 1 - share)
        else:
            average[name].copy_(value)
