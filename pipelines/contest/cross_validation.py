"""Repeated k-fold cross-validation of both finalists: where pictures are few, each is tested once a repeat.

The recipes stay as the contest chose them: features, net, size, steps. What is learned is learned again in every fold,
and C is chosen again on a validation part of it. Of few pictures, what a processor computes and nothing is learned
for - histograms, HOG, local binary patterns - is made once. Pictures of one group, and near copies, stay in one fold.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.folder.given_splits import group_duplicates
from bakeoff.datasets.folder.groups import join, to_be_dealt
from bakeoff.pipelines.experiments import Experiment
from bakeoff.pipelines.experiments.variants import Variant, train_variants
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.run import NotApplicableError
from bakeoff.pipelines.results.study import Row, StudyResult, pack_numbers

NAME, TITLE = "folds", "The finalists on several splits"
FOLDS, VALIDATION_PARTS = 5, 8  # 70 % to learn from, 10 % to choose on, 20 % to be tested: as one split has it
MOST_REPEATS = 4  # the variance that splits share is then six times the rest, which alone shrinks with more of them
LEAST_SECONDS = 300.0  # of processor time a side, however small the budget
FEW_PICTURES = 2000  # below, one split of a fifth leaves intervals of four points and more
FEWEST_GROUPS = 3  # of a class that is tested: one each to learn from, to choose on and to be tested
NEVER = -1


def plan_splits(dataset: Dataset, asked: int | None, budget: float, a_split: float) -> int:
    """How many splits to draw, 0 where the one there is stands.

    asked: 1 for none but that one; None: as many whole repeats as are affordable, where `are_few`.
    budget, a_split: seconds of processor time, of a side and of one split; a second budget pays for splits, and
    LEAST_SECONDS for the first repeat.
    """
    if asked is not None:
        return asked if asked > 1 else 0
    a_repeat = FOLDS * max(a_split, 1e-3)
    repeats = min(max(budget // a_repeat, a_repeat <= LEAST_SECONDS), MOST_REPEATS)
    return FOLDS * int(repeats) if are_few(dataset) else 0


def are_few(dataset: Dataset) -> bool:
    """Whether one split tells too little, and is ours to draw again."""
    return dataset.split_by_us and sum(map(len, dataset.splits.values())) < FEW_PICTURES


def deal_folds(labels: np.ndarray, groups: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """int64 (n,): the fold that tests each picture, stratified by class, a group in one fold; NEVER for classes of less
    than three groups, and what is in a group with them, which can only be learned from.

    labels, groups: int64 (n,).   Raises NotApplicableError if fewer than two classes can be tested, or none has a
    picture for each fold.
    """
    _, first, ranks = np.unique(groups, return_index=True, return_inverse=True)
    groups = first[ranks]
    where, n_most = _what_is_dealt(labels, groups)
    if len(np.unique(labels[where])) < 2 or n_most < n_folds:
        raise NotApplicableError(
            f"{n_folds} folds need two classes of {FEWEST_GROUPS} pictures or groups each, {n_folds} in all, and one "
            f"class of {n_folds} pictures"
        )
    folds = np.full(len(labels), NEVER)
    dealer = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes with fewer pictures than folds: some folds lack them
        for fold, (_, tested) in enumerate(dealer.split(where, labels[where], groups[where])):
            folds[where[tested]] = fold
    return folds


def pool(dataset: Dataset) -> Split:
    """All pictures of the data set, its splits one after the other; groups join what is grouped or nearly the same."""
    splits = dataset.splits.values()
    images, labels = (np.concatenate([getattr(s, name) for s in splits]) for name in ("images", "labels"))
    given = [s.groups for s in splits if s.groups is not None]
    named = np.concatenate(given) if len(given) == len(splits) else None
    return Split(images, labels, join(group_duplicates(images, labels)[1], named))


def _what_is_dealt(labels: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, int]:
    """Which pictures, int64 (m,), and into how many folds at most: each takes a group, and one of the largest class."""
    where = np.flatnonzero(to_be_dealt(groups, labels, FEWEST_GROUPS))
    return where, min(len(np.unique(groups[where])), int(np.bincount(labels[where]).max(initial=0)))


def fold_dataset(dataset: Dataset, pictures: Split, tested: np.ndarray, seed: int) -> Dataset:
    """The data set with these pictures to be tested, and a part of the others to choose on.   tested: bool (n,)."""
    assert pictures.groups is not None
    rest = np.flatnonzero(~tested)
    labels, groups = pictures.labels[rest], pictures.groups[rest]
    _, n_most = _what_is_dealt(labels, groups)
    part = deal_folds(labels, groups, max(2, min(VALIDATION_PARTS, n_most)), seed)
    held = part == np.bincount(part[part != NEVER]).argmax()
    train, validation, test = (pictures.take(rows) for rows in (rest[~held], rest[held], np.flatnonzero(tested)))
    return replace(dataset, train=train, validation=validation, test=test, task="")


def cross_validate(
    dataset: Dataset, finalists: Sequence[Experiment], n_splits: int, seed: int, workspace: Workspace
) -> StudyResult:
    """Both finalists on the same n_splits splits of all pictures, the folds of one repeat after the other.

    Rows: those of `train_variants`, with split, repeat and fold; a row's correct is about the pictures of its fold in
    their order. settings: labels, groups and, for each repeat, folds of all pictures, by `pack_numbers`.
    Raises NotApplicableError if a side cannot be trained on one of them.
    """
    pictures = pool(dataset)
    assert pictures.groups is not None
    if len(pictures) < FEW_PICTURES:  # a bound on what is held in memory
        workspace = replace(workspace, known_features={})
    repeats = range(-(-n_splits // FOLDS))
    folds = [deal_folds(pictures.labels, pictures.groups, FOLDS, seed + repeat) for repeat in repeats]
    rows: list[Row] = []
    seconds = 0.0
    for split in range(n_splits):
        repeat, fold = divmod(split, FOLDS)
        one = fold_dataset(dataset, pictures, folds[repeat] == fold, seed + split)
        facts = {"split": split, "repeat": repeat, "fold": fold}
        variants = [Variant(one, experiment, seed + split, facts) for experiment in finalists]
        found, spent = train_variants(f"split {split + 1} of {n_splits}", variants, workspace)
        if len(found) < len(finalists):
            raise NotApplicableError(f"a finalist cannot be trained on split {split + 1}: the one split stands alone")
        rows += found
        seconds += spent
    return StudyResult(
        name=NAME,
        title=TITLE,
        dataset=dataset.name,
        fingerprint=dataset.task_fingerprint(),
        settings={
            "n_folds": FOLDS,
            "seed": seed,
            "labels": pack_numbers(pictures.labels),
            "groups": pack_numbers(pictures.groups),
            "folds": [pack_numbers(one) for one in folds],
        },
        rows=tuple(rows),
        environment=workspace.environment,
        seconds=seconds,
    )
