import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.config import Augmentation, NeuralConfig, Optimizer
from bakeoff.pipelines.neural.networks.build import build_network, fit_to_pixels
from bakeoff.pipelines.neural.networks.convolutional import SmallAlexNet
from bakeoff.pipelines.neural.networks.perceptrons import Perceptron
from bakeoff.pipelines.neural.training.loop import Snapshot, Trainer, copied, update_average
from bakeoff.pipelines.neural.training.minibatches import Examples
from bakeoff.pipelines.neural.training.prediction import predict_scores

BUSY = NeuralConfig(  # everything that keeps a state or draws a number
    architecture=Perceptron((16,), normalization="batch", dropout=0.2),
    augmentation=Augmentation(flip="alternating", crop=1),
    epochs=4,
    batch_size=16,
)


def examples(n: int = 400, seed: int = 0, side: int = 8) -> Examples:
    """Three classes: which color is strong."""
    draws = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 3, (n,), generator=draws)
    images = torch.randint(0, 120, (n, 3, side, side), generator=draws, dtype=torch.uint8)
    images[torch.arange(n), labels] += 60
    return Examples(images, labels, 3)


def trainer(config: NeuralConfig = BUSY, seed: int = 0, side: int = 8) -> Trainer:
    train, validation = examples(side=side), examples(90, 1, side)
    network = build_network(config.architecture, (side, side, 3), 3, seed)
    fit_to_pixels(network, train.images)
    return Trainer(network, train, validation, config, seed=seed)


def trained(config: NeuralConfig = BUSY, seed: int = 0) -> Trainer:
    run = trainer(config, seed)
    while not run.finished:
        run.run_epoch()
    return run


def same_weights(a: Trainer, b: Trainer) -> bool:
    pairs = [(a.best_weights, b.best_weights), (a.network.state_dict(), b.network.state_dict())]
    return all(torch.equal(value, right[name]) for left, right in pairs for name, value in left.items())


def test_learns_and_keeps_a_row_for_each_epoch():
    run = trained(replace(BUSY, augmentation=Augmentation(flip="none", crop=0), epochs=6))
    assert [row["epoch"] for row in run.history] == [1, 2, 3, 4, 5, 6]
    assert max(row["validation_score"] for row in run.history) > 0.9
    assert run.history[-1]["train_loss"] < run.history[0]["train_loss"]


def test_the_same_seed_gives_the_same_net_whatever_the_global_random_state():
    first = trained()
    torch.manual_seed(12345)
    assert same_weights(first, trained())
    assert not same_weights(first, trained(seed=1))


def test_training_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    trained(replace(BUSY, epochs=1))
    assert torch.equal(torch.get_rng_state(), before)


SMALL_ALEXNET = SmallAlexNet((4, 4, 4, 4, 4), 8)  # its filters lie in memory in another order than in a file


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        ("sgd", BUSY.architecture),
        ("adamw", BUSY.architecture),
        ("sgd", SMALL_ALEXNET),
        ("adamw", SMALL_ALEXNET),
        ("filter-muon", SMALL_ALEXNET),
    ],
)
def test_resumed_from_a_file_it_ends_exactly_where_an_uninterrupted_run_ends(name, architecture):
    rate = 1e-3 if name == "adamw" else 0.02
    config = replace(BUSY, architecture=architecture, optimizers=(Optimizer(name, rate),), epochs=3, batch_size=64)
    side = 16
    whole, before = trainer(config, side=side), trainer(config, side=side)
    for _ in range(3):
        whole.run_epoch()
    before.run_epoch()
    content = before.snapshot().to_bytes()
    before.run_epoch()  # must not reach into the file
    after = trainer(config, seed=0, side=side)
    after.restore(Snapshot.from_bytes(content, torch.device("cpu")))
    after.run_epoch()
    after.run_epoch()
    assert same_weights(whole, after)
    assert whole.history == after.history


def test_the_best_epoch_on_validation_is_kept_not_the_last():
    # A rate that explodes after warm-up: later epochs are worse.
    config = replace(
        BUSY,
        optimizers=(Optimizer("sgd", 30.0, weight_decay=0.0),),
        warmup=1.0,
        gradient_clip=None,
        average_decay=0.0,
    )
    run = trained(config)
    scores = [row["validation_score"] for row in run.history]
    assert scores[-1] < max(scores)
    run.network.load_state_dict(run.best_weights)
    right = predict_scores(run.network, run.validation.images).argmax(dim=1) == run.validation.labels
    assert right.double().mean() == max(scores)


def test_a_loss_that_is_not_finite_stops_with_its_step_and_the_fix():
    config = replace(
        BUSY,
        architecture=Perceptron((16, 16), normalization="none"),
        optimizers=(Optimizer("sgd", 1e25),),
        warmup=0.0,
        gradient_clip=None,
    )
    with pytest.raises(
        FloatingPointError, match=r"got (nan|inf) at step \d+ of 100: lower learning_rate \(now 1e\+25\)"
    ):
        trained(config)


def test_gradient_clip_bounds_the_update():
    config = replace(BUSY, optimizers=(Optimizer("sgd", 1.0, 0.0, momentum=0.0),), warmup=0.0)
    moved = []
    for clip in (1e-3, None):
        run = trainer(replace(config, gradient_clip=clip))
        before = torch.cat([p.detach().flatten().clone() for p in run.network.parameters()])
        run._step(0, *next(run.minibatches.of_epoch(0)))
        after = torch.cat([p.detach().flatten() for p in run.network.parameters()])
        moved.append((after - before).norm().item())
    assert moved[0] == pytest.approx(1e-3, rel=1e-3)
    assert moved[1] > 10 * moved[0]


def test_label_smoothing_lifts_the_least_loss():
    # Least cross-entropy with smoothing e over k classes is the entropy of the smoothed target, never 0.
    sharp = Examples(examples().images, examples().labels, 3)
    config = replace(
        BUSY,
        label_smoothing=0.3,
        augmentation=Augmentation("none", 0),
        epochs=8,
        optimizers=(Optimizer("adamw", 1e-2),),
    )
    network = build_network(config.architecture, (8, 8, 3), 3, 0)
    fit_to_pixels(network, sharp.images)
    run = Trainer(network, sharp, sharp, config, seed=0)
    losses = [run.run_epoch()["train_loss"] for _ in range(8)]
    entropy = -(0.8 * math.log(0.8) + 2 * 0.1 * math.log(0.1))
    assert all(loss > entropy for loss in losses)


def unbalanced(n: int = 300, seed: int = 0) -> Examples:
    """One picture in ten of class 1, the rest of class 0, and no color tells them apart."""
    draws = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (n, 3, 8, 8), generator=draws, dtype=torch.uint8)
    return Examples(images, (torch.arange(n) % 10 == 0).long(), 2)


def test_rare_classes_weigh_more_and_balanced_accuracy_chooses():
    config = replace(
        BUSY, architecture=Perceptron(()), optimizers=(Optimizer("sgd", 0.0),), label_smoothing=0.0, epochs=1
    )
    network = build_network(config.architecture, (8, 8, 3), 2, 0)
    for weights in network.parameters():
        nn.init.zeros_(weights)
    run = Trainer(network, unbalanced(), unbalanced(100, 1), config, seed=0)
    torch.testing.assert_close(run.class_weights, torch.tensor([300 / (2 * 270), 300 / (2 * 30)]))
    assert run.run_epoch()["validation_score"] == pytest.approx(0.5)  # all of class 0, none of class 1
    images, targets = unbalanced().images[:10], torch.nn.functional.one_hot(unbalanced().labels[:10], 2).float()
    loss, _ = run._step(0, images, targets)
    assert loss == pytest.approx((9 * 300 / 540 + 300 / 60) / 10 * math.log(2))


def test_classes_of_similar_size_are_left_alone():
    assert trainer().class_weights is None


def test_a_compiled_net_is_the_same_net(monkeypatch):
    """The weights stay under their own names; torch's compiler itself takes a minute, and is torch's to test."""
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda module: compiled.append(module) or (lambda images: module(images)))
    assert same_weights(trained(replace(BUSY, compiled=True)), trained())
    assert len(compiled) == 1


def test_a_number_of_steps_is_taken_exactly_in_looks_of_equal_length():
    config = replace(BUSY, steps=103, epochs=4)
    run, taken = trainer(config), []
    while not run.finished:
        before = len(taken)
        run.run_epoch(lambda: taken.append(1))
        assert len(taken) - before in (25, 26)
    assert (len(taken), len(run.history)) == (103, 4)


def test_average_by_hand():
    net = nn.BatchNorm1d(1)
    average = copied(net.state_dict())  # weight 1, running mean 0, count 0
    nn.init.constant_(net.weight, 11.0)
    net.running_mean.fill_(4.0)
    net.num_batches_tracked.fill_(3)
    update_average(average, net, decay=0.9, n_updates=10**6)
    assert average["weight"].item() == pytest.approx(0.9 * 1 + 0.1 * 11)
    assert average["running_mean"].item() == pytest.approx(0.4)
    assert average["num_batches_tracked"].item() == 3


def test_the_first_averagings_forget_the_first_weights():
    net = nn.Linear(1, 1)
    average = copied(net.state_dict())
    nn.init.constant_(net.weight, 5.0)
    for n in range(1, 30):
        update_average(average, net, decay=0.999, n_updates=n)
    torch.testing.assert_close(average["weight"], net.weight.detach(), atol=1e-3, rtol=0)


def test_a_copy_does_not_follow_the_net():
    net = nn.Linear(1, 1)
    kept = copied(net.state_dict())
    before = kept["weight"].clone()
    nn.init.constant_(net.weight, 99.0)
    assert torch.equal(kept["weight"], before)
