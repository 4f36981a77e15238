"""The ladders of the sides: which recipes, at which sizes, and what each is expected to take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.classic import pipeline as classic
from bakeoff.pipelines.classic.recipes import expected_seconds, recipes
from bakeoff.pipelines.contest.search import Rung
from bakeoff.pipelines.experiments import Experiment
from bakeoff.pipelines.frozen import pipeline as frozen
from bakeoff.pipelines.frozen.experiments import FROZEN, alone, beside
from bakeoff.pipelines.frozen.family import FrozenNet
from bakeoff.pipelines.neural import pipeline as neural
from bakeoff.pipelines.neural.config import ConvNet
from bakeoff.pipelines.neural.cost import expected_cost
from bakeoff.pipelines.neural.experiments import CONVNET, EXPERIMENTS
from bakeoff.pipelines.neural.recipe import fit_to
from bakeoff.pipelines.neural.training.examples import plan_steps

# Nets from cheap to rich: recipe -> title and configuration for 32 pixels.
NETS = {
    "convnet": EXPERIMENTS["convnet"],
    "convnet-wide": ("The same, twice as wide", replace(CONVNET, architecture=ConvNet(width=32))),
    "speedrun": EXPERIMENTS["speedrun"],
}
FEWEST_STEPS, ENOUGH_STEPS = 30, 200  # of a first, short training, which tells what nets and sizes learn fast
SCREENED = 4  # of the cheapest of those trainings the budget for all of them holds at least so many, if it can
LEAST_SHARE = 0.6  # of a training's time is taken by its steps, whatever two short trainings seem to tell
UNSURE, WITHIN = 0.4, 0.95  # of what is left is planned for after one training of a net, and after two
CLEARLY = 1.5  # times the steps: less is not worth another training
MOST_STEPS = 4  # times what the recipe asks for on these pictures: a bound, longer ones were not tried
SECONDS_FROZEN = 0.03  # of processor time, a picture through the frozen net; measured on one core of 110 GFLOP/s
FLOP_RATE = 30e9  # floating-point operations a second of processor time, until the first training tells


def hand_crafted_ladder(dataset: Dataset, sizes: Sequence[int]) -> list[Rung]:
    """Every recipe of the hand-crafted side at every size."""
    n_train, n_channels = len(dataset.train), dataset.image_shape[2]
    n_pictures = sum(map(len, dataset.splits.values()))
    rungs = []
    for size in sizes:
        shape = (size, size, n_channels)
        for recipe in recipes(shape, n_train, len(dataset.class_names)):
            name, title = f"{recipe.name}-{size}px", f"{recipe.title}, {size} px"
            experiment = Experiment(name, title, "hand-crafted", recipe.config, classic.run, classic.VERSION, size)
            is_random = any(family.is_random for system in recipe.config.systems for family in system.families)
            cost = expected_seconds(recipe.config, n_pictures, shape, len(dataset.class_names))
            rungs.append(Rung(experiment, recipe.name, cost, is_random=is_random))
    return rungs


def frozen_ladder(dataset: Dataset, size: int, weights: str, finalist: Rung) -> list[Rung]:
    """A frozen net's features alone, and beside those of the hand-crafted finalist's recipe; nothing without weights.

    weights: their checksum, from `weights.available`.   size: of the pictures, the largest there is.
    """
    if not weights:
        return []
    shape = (size, size, dataset.image_shape[2])
    n_train, n_classes = len(dataset.train), len(dataset.class_names)
    n_pictures = sum(map(len, dataset.splits.values()))
    net = FrozenNet(weights=weights)
    found = [("frozen", "Features of a frozen net, EfficientNet-Lite0", replace(FROZEN, systems=(alone(net),)), 0.0)]
    for recipe in recipes(shape, n_train, n_classes):
        if recipe.name == finalist.recipe:
            cost = expected_seconds(recipe.config, n_pictures, shape, n_classes)
            found.append(
                (f"frozen-and-{recipe.name}", f"The same, and {recipe.title}", beside(net, recipe.config), cost)
            )
    rungs = []
    for name, title, config, cost in found:
        experiment = Experiment(
            f"{name}-{size}px", f"{title}, {size} px", "frozen", config, frozen.run, frozen.VERSION, size
        )
        rungs.append(Rung(experiment, name, cost + n_pictures * SECONDS_FROZEN, is_random=cost > 0))
    return rungs


@dataclass(frozen=True)
class NetLadder:
    """Nets for one data set, at sizes smallest first."""

    dataset: Dataset
    sizes: Sequence[int]

    def screening(self, budget: float) -> list[Rung]:
        """Every net at every size, trained shortly; budget: seconds for all of them."""
        cheapest = self.rung(next(iter(NETS)), self.sizes[0], ENOUGH_STEPS)
        affordable = ENOUGH_STEPS * budget / SCREENED / cheapest.expected_seconds
        steps = _round_down(int(min(ENOUGH_STEPS, max(FEWEST_STEPS, affordable))))
        return [self.rung(recipe, size, steps) for recipe in NETS for size in self.sizes]

    def rung(self, recipe: str, size: int, steps: int) -> Rung:
        title, config = NETS[recipe]
        shape = (size, size, self.dataset.image_shape[2])
        n_train, n_classes = len(self.dataset.train), len(self.dataset.class_names)
        config = fit_to(config, n_train, shape, steps)
        try:
            flops = expected_cost(config, n_train, shape, n_classes, len(self.dataset.validation))
        except ValueError:  # the net cannot take such pictures: it is refused, with the reason, when it is tried
            flops = 0
        name = f"{recipe}-{size}px-{steps}steps"
        experiment = Experiment(
            name, f"{title}, {size} px, {steps:,} steps", "end-to-end", config, neural.run, neural.VERSION, size
        )
        return Rung(experiment, recipe, flops / FLOP_RATE, steps)

    def longer(self, tried: Sequence[tuple[Rung, float]], seconds: float) -> Rung | None:
        """The same net at the same size, trained for as long as fits into so many seconds, within reason.

        tried: trainings of that net so far and the seconds they took, shortest first. What a step costs is told by the
        last two, for a training has costs that do not grow with its steps.
        Returns None if it would not be clearly longer than the last one.
        """
        (rung, took), before = tried[-1], tried[-2] if len(tried) > 1 else None
        assert rung.steps is not None
        a_step, share = took / rung.steps, UNSURE
        if before and before[0].steps and took > before[1]:
            a_step, share = max((took - before[1]) / (rung.steps - before[0].steps), LEAST_SHARE * a_step), WITHIN
        affordable = rung.steps + int((share * seconds - took) / a_step)
        most = MOST_STEPS * plan_steps(len(self.dataset.train), NETS[rung.recipe][1]).n_steps
        steps = _round_down(min(affordable, most))
        return self.rung(rung.recipe, rung.image_size, steps) if steps >= CLEARLY * rung.steps else None


def _round_down(steps: int) -> int:
    """To two digits: a repeated contest finds its own trainings again, though its clocks read a little differently."""
    digits = max(0, len(str(steps)) - 2)
    return steps // 10**digits * 10**digits
