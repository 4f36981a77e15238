import torch

from bakeoff.pipelines.neural.config import Augmentation
from bakeoff.pipelines.neural.distributed import Processes
from bakeoff.pipelines.neural.training.examples import Examples, Plan
from bakeoff.pipelines.neural.training.minibatches import Minibatches


def numbered(n: int) -> Examples:
    """Pictures that are their own number, left half bright."""
    images = torch.arange(n, dtype=torch.uint8).view(n, 1, 1, 1).expand(n, 1, 2, 2).clone()
    images[..., 0] += 100
    return Examples(images, torch.arange(n) % 2, 2)


def seen(plan: Plan, epoch: int, flip: str = "none") -> list[torch.Tensor]:
    batches = Minibatches(numbered(10), plan, Augmentation(flip, crop=0), seed=0)
    return [images[:, 0, 0, :] for images, _ in batches.of_epoch(epoch)]


def test_an_epoch_of_several_passes_shows_every_picture_in_each():
    steps = seen(Plan(5, 4, 1, 2), 0)
    assert [len(step) for step in steps] == [5, 5, 5, 5]
    for first, second in (steps[:2], steps[2:]):
        assert sorted(torch.cat([first, second])[:, 1].tolist()) == list(range(10))
    assert not torch.equal(steps[0], steps[2])


def test_an_epoch_may_end_within_a_pass():
    plan = Plan(5, 7, 2, 2)
    assert [len(seen(plan, epoch)) for epoch in (0, 1)] == [3, 4]


def test_alternating_flips_turn_over_with_every_pass():
    steps = torch.cat(seen(Plan(5, 4, 1, 2), 0, "alternating"))
    mirrored = {first: {} for first in range(2)}
    for position, (left, right) in enumerate(steps.tolist()):
        mirrored[position // 10][min(left, right)] = right > left
    assert all(mirrored[0][number] != mirrored[1][number] for number in range(10))


def test_the_shares_of_two_processes_make_up_the_minibatches_of_one():
    def batches(*processes: Processes) -> list[torch.Tensor]:
        examples = Examples(torch.arange(10 * 16, dtype=torch.uint8).view(10, 1, 4, 4), torch.arange(10) % 2, 2)
        made = [
            Minibatches(examples, Plan(4, 4, 1, 2), Augmentation("random", 1), 0, each).of_epoch(0)
            for each in processes
        ]
        return [torch.cat([images for images, _ in parts]) for parts in zip(*made, strict=True)]

    together, alone = batches(Processes(0, 2), Processes(1, 2)), batches(Processes())
    assert all(torch.equal(a, b) for a, b in zip(together, alone, strict=True))
