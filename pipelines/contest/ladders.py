"""The ladders of the sides: which recipes, at which sizes, and what each is expected to take."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.classic import pipeline as classic
from bakeoff.pipelines.classic.recipes import Recipe, expected_seconds, recipes
from bakeoff.pipelines.contest.search import Rung
from bakeoff.pipelines.experiments import Experiment
from bakeoff.pipelines.frozen import pipeline as frozen
from bakeoff.pipelines.frozen.frozen_net import FrozenNet
from bakeoff.pipelines.frozen.pipeline import FINE_TUNED, alone, beside, nets, seconds_a_picture, tuned
from bakeoff.pipelines.frozen.weights import Weights
from bakeoff.pipelines.neural import pipeline as neural
from bakeoff.pipelines.neural.config import CONVNET, EXPERIMENTS, NeuralConfig
from bakeoff.pipelines.neural.flops import TrainingCost, expected_cost
from bakeoff.pipelines.neural.networks.convolutional import ConvNet
from bakeoff.pipelines.neural.training.minibatches import fit_to, plan_steps

# Nets from cheap to rich: recipe -> title and configuration for 32 pixels.
NETS = {
    "convnet": EXPERIMENTS["convnet"],
    "convnet-wide": ("The same, twice as wide", replace(CONVNET, architecture=ConvNet(width=32))),
    "speedrun": EXPERIMENTS["speedrun"],
}
UNMIRRORED = "-unmirrored"  # ends the name of a recipe that mirrors no picture
FEWEST_STEPS = 30  # of a training: with fewer no net tells anything
TELLING_STEPS = 150  # of trainings that nets are compared by: with fewer the best in the end may still be behind
BUSIER = 2.0  # times the operations a second of the cheapest net: 1.7 to 2.1, on groceries
SCREENING_SHARE = LARGEST_SHARE = 1 / 4  # of the budget, for all short trainings; of a full training, for one
FULL_SHARE, WITHIN = 0.6, 0.95  # of the budget, that a full training may expect; of what is left, that is planned for
CLEARLY = 1.5  # times the steps: less is not worth another training
MOST_STEPS = 4  # times what the recipe asks for on these pictures: a bound, longer ones were not tried
NET_SIDES = (96, 224)  # pixels that a frozen net sees: a sixth of the operations, and what it was trained at
FLOP_RATE = 45e9  # floating-point operations a second of processor time, until the first training tells


def hand_crafted_ladder(dataset: Dataset, sizes: Sequence[int]) -> list[Rung]:
    """Every recipe of the hand-crafted side at every size."""
    n_pictures, rungs = sum(map(len, dataset.splits.values())), []
    for size in sizes:
        shape = (size, size, dataset.image_shape[2])
        for recipe in recipes(shape, len(dataset.train)):
            name, title = f"{recipe.name}-{size}px", f"{recipe.title}, {size} px"
            experiment = Experiment(name, title, "hand-crafted", recipe.config, classic.run, classic.VERSION, size)
            cost = expected_seconds(recipe.config, n_pictures, shape, len(dataset.class_names))
            rungs.append(Rung(experiment, recipe.name, cost, is_random=is_random(recipe)))
    return rungs


def is_random(recipe: Recipe) -> bool:
    return any(family.is_random for system in recipe.config.systems for family in system.families)


def frozen_ladder(dataset: Dataset, size: int, weights: Weights | None, finalist: Rung) -> list[Rung]:
    """A frozen net's features alone, and beside those of the hand-crafted finalist's recipe; and the net fine-tuned.

    Nothing without weights, and for channels that it was not trained on.
    weights: from `weights.available`.   size: of the pictures, the largest there is; what the net makes of them has
    NET_SIDES.
    """
    shape, n_classes = (size, size, dataset.image_shape[2]), len(dataset.class_names)
    if weights is None or FrozenNet().refusal(shape):
        return []
    n_train, n_pictures = len(dataset.train), sum(map(len, dataset.splits.values()))
    recipe = next((r for r in recipes(shape, n_train) if r.name == finalist.recipe), None)
    rungs = []

    def add(name: str, title: str, config: Any, cost: float, by_chance: bool) -> None:
        whole = f"{name}-{size}px", f"{title}, {size} px"
        experiment = Experiment(*whole, "frozen", config, frozen.run, frozen.VERSION, size)
        rungs.append(Rung(experiment, name, cost, is_random=by_chance))

    for net in nets(weights, NET_SIDES):
        seconds = n_pictures * seconds_a_picture(net)
        at, seen = (f"-at-{net.image_size}", f" at {net.image_size} px") if net.image_size < NET_SIDES[-1] else ("", "")
        add(f"frozen{at}", f"Features of a frozen net, {net.label}{seen}", alone(net), seconds, False)
        if recipe:
            cost = expected_seconds(recipe.config, n_pictures, shape, n_classes)
            joined = f"frozen{at}-and-{recipe.name}"
            add(joined, f"The same, and {recipe.title}", beside(net, recipe.config), cost + seconds, is_random(recipe))
        if not net.net:
            plan = plan_steps(n_train, FINE_TUNED)
            cost = seconds + plan.n_steps * plan.batch_size * seconds_a_picture(net)
            add(f"fine-tuned{at}", f"{net.label}{seen}, fine-tuned", tuned(net), cost, True)
    return rungs


@dataclass(frozen=True)
class NetLadder:
    """Nets for one data set, at sizes smallest first, under a budget of seconds.

    mirrors: whether a training picture may be mirrored; a recipe without that has a name of its own.
    """

    dataset: Dataset
    sizes: Sequence[int]
    budget: float
    mirrors: bool = True

    def start(self) -> Rung:
        """The cheapest training: what tells how fast this machine is."""
        return self.rung(next(iter(NETS)), self.sizes[0], FEWEST_STEPS, brief=True)

    def screening(self, flop_rate: float) -> tuple[list[Rung], list[Rung]]:
        """Every net at every size, trained for equally many steps, so that they can be compared; that the dear ones
        would get fewer in the end is the search's to reckon.

        As many steps as a share of the budget pays for, and no more than a share of any full training; the dearest are
        left out until these are TELLING_STEPS or one net is left.
        flop_rate: of the `start`.   Returns the trainings, and those of nets that are left out.
        """
        cells = list(product(NETS, self.sizes))
        costs = {cell: cost for cell in cells if (cost := self._cost(*cell, TELLING_STEPS, brief=True))}
        rates = {cell: flop_rate * (1 if cell == cells[0] else BUSIER) for cell in costs}
        full = {c: self._affordable(c[0], cost, FULL_SHARE * self.budget * rates[c]) for c, cost in costs.items()}
        paid, steps = sorted(costs, key=lambda cell: costs[cell].a_step), 0
        while paid:
            fixed = sum((costs[cell].looks + costs[cell].scoring) / rates[cell] for cell in paid)
            a_step = sum(costs[cell].a_step / rates[cell] for cell in paid)
            affordable = (SCREENING_SHARE * self.budget - fixed) / a_step
            steps = _round_down(int(max(0, min(affordable, LARGEST_SHARE * min(full[cell] for cell in paid)))))
            if steps >= (TELLING_STEPS if len(paid) > 1 else FEWEST_STEPS):
                break
            paid.pop()
        tried = [cell for cell in cells if cell in paid or cell not in costs]  # of no cost: it will be refused
        within = [self.rung(*cell, max(steps, FEWEST_STEPS), brief=True) for cell in tried]
        return within, [self.rung(*cell, TELLING_STEPS, brief=True) for cell in cells if cell not in tried]

    def rung(self, recipe: str, size: int, steps: int, *, brief: bool = False) -> Rung:
        """brief: pictures are predicted in one view."""
        recipe = recipe.removesuffix(UNMIRRORED)
        title, config = self._fitted(recipe, size, steps, brief=brief)
        cost = self._cost(recipe, size, steps, brief=brief)
        if not self.mirrors:
            recipe, title = recipe + UNMIRRORED, f"{title}, no picture mirrored"
        name, title = f"{recipe}-{size}px-{steps}steps", f"{title}, {size} px, {steps:,} steps"
        experiment = Experiment(name, title, "end-to-end", config, neural.run, neural.VERSION, size)
        return Rung(experiment, recipe, cost.total / FLOP_RATE if cost else 0, steps, is_brief=brief)

    def flop_rate(self, rung: Rung, seconds: float) -> float:
        """Operations a second of a training.   seconds: of it and of choosing, without the test pictures; 0 of none."""
        cost = self._cost(rung.recipe, rung.image_size, rung.steps or FEWEST_STEPS, brief=True)
        return (cost.a_step * cost.n_steps + cost.looks) / seconds if cost and seconds else FLOP_RATE

    def reach(self, rung: Rung, flop_rate: float, left: float, *, brief: bool = False) -> int:
        """Steps of a rung's net that fit into what is left, in seconds, within reason."""
        cost = self._cost(rung.recipe, rung.image_size, rung.steps or 0, brief=brief)
        if cost is None:
            return 0
        return self._affordable(rung.recipe, cost, WITHIN * left * flop_rate - cost.scoring - cost.looks)

    def longer(self, rung: Rung, seconds: float, left: float, *, brief: bool = False) -> Rung | None:
        """The same net at the same size, trained for as many steps as it can reach; None if these are not clearly more.

        seconds: that the rung's training took.   left: seconds.
        """
        assert rung.steps is not None
        steps = _round_down(self.reach(rung, self.flop_rate(rung, seconds), left, brief=brief))
        return self.rung(rung.recipe, rung.image_size, steps, brief=brief) if steps >= CLEARLY * rung.steps else None

    def larger(self, rung: Rung, seconds: float, left: float) -> Rung | None:
        """The same net at the next size, a short training of what fits; None if there is none or too few steps fit.

        Arguments as of `longer`.
        """
        size = next((size for size in self.sizes if size > rung.image_size), None)
        if size is None:
            return None
        target = self.rung(rung.recipe, size, FEWEST_STEPS, brief=True)
        steps = _round_down(self.reach(target, self.flop_rate(rung, seconds), left, brief=True))
        return self.rung(rung.recipe, size, steps, brief=True) if steps >= FEWEST_STEPS else None

    def _affordable(self, recipe: str, cost: TrainingCost, operations: float) -> int:
        most = MOST_STEPS * plan_steps(len(self.dataset.train), _net(recipe)[1]).n_steps
        return min(int(max(0, operations) / cost.a_step), most)

    def _fitted(self, recipe: str, size: int, steps: int, *, brief: bool) -> tuple[str, NeuralConfig]:
        title, config = _net(recipe)
        config = fit_to(config, len(self.dataset.train), (size, size, self.dataset.image_shape[2]), steps)
        if not self.mirrors:
            config = replace(config, augmentation=replace(config.augmentation, flip="none"), flip_averaging=False)
        return title, replace(config, flip_averaging=False, shift_averaging=0) if brief else config

    def _cost(self, recipe: str, size: int, steps: int, *, brief: bool = False) -> TrainingCost | None:
        """None of a net that cannot take such pictures: it is refused, with the reason, when it is tried."""
        n_train, n_validation, n_test = map(len, self.dataset.splits.values())
        _, config = self._fitted(recipe, size, steps, brief=brief)
        shape = (size, size, self.dataset.image_shape[2])
        n_scored = n_validation + n_test + min(n_train, neural.PICTURES_FOR_TRAIN_SCORE)
        n_classes = len(self.dataset.class_names)
        with suppress(ValueError):
            return expected_cost(config, n_train, shape, n_classes, n_validation=n_validation, n_scored=n_scored)
        return None


def _net(recipe: str) -> tuple[str, NeuralConfig]:
    return NETS[recipe.removesuffix(UNMIRRORED)]


def _round_down(steps: int) -> int:
    """To two digits: a repeated contest finds its own trainings again, though its clocks read a little differently."""
    digits = max(0, len(str(steps)) - 2)
    return steps // 10**digits * 10**digits
