"""Which of a folder's pictures are for training, validation and testing: what belongs together never in two splits."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from bakeoff.datasets.folder.duplicates import duplicate_groups
from bakeoff.datasets.folder.groups import count_groups, majority_labels, to_be_dealt
from bakeoff.datasets.folder.notes import count, listed, spelled_alike
from bakeoff.datasets.folder.picture_file import PictureFile, printable
from bakeoff.datasets.folder.reading import Duplicates
from bakeoff.datasets.splits import DEFAULT_SHARES, stratified_split
from bakeoff.datasets.store import Pictures

SPLITS = ("train", "validation", "test")
DROPPED = -1
MAX_NEAR_SHARE = 0.2  # of a class in one group of near duplicates; above it the hash sees a kind of picture, not copies
SMALL_GROUP = 10  # pictures; no kind of picture is told from as few
MAX_COUNTED = 5  # classes whose pictures are counted in an error
MAX_CONTRADICTORY_SHARE = 0.2  # of pictures; above it classes overlap by design, and it is no slip of the hand


def group_duplicates(
    images: Pictures, labels: np.ndarray, traits: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """For each picture the first of its exact duplicates, and the first of all, int64 (n,) each; and notes.

    images: uint8 (n, h, w, c).   labels: int64 (n,).   traits: of the images, found here if nobody did before.
    """
    (exact, groups), notes = duplicate_groups(images, labels, traits), []
    heads = np.unique(exact)
    sizes = np.bincount(groups[heads], minlength=len(groups))
    limits = np.maximum(SMALL_GROUP, MAX_NEAR_SHARE * np.bincount(labels[heads], minlength=labels.max() + 1)[labels])
    too_large = (sizes > limits)[groups]
    if too_large.any():
        notes.append(
            f"{too_large.sum():,} of {len(images):,} pictures look so much alike that near duplicates cannot be told "
            "from pictures of a kind, so only exact duplicates of them are kept together. If they are frames of films, "
            "name each film by --group."
        )
        groups = np.where(too_large, exact, groups)
    sizes = np.unique(groups, return_counts=True)[1]
    n_groups = int((sizes > 1).sum())
    if n_groups:
        notes.append(
            f"{sizes[sizes > 1].sum():,} pictures have exact or near duplicates (found by perceptual hash, turned or "
            f"mirrored too), in {n_groups:,} group{'' if n_groups == 1 else 's'}; each group is kept within one split."
        )
    return exact, groups, notes


def drop_contradictions(
    files: Sequence[PictureFile], labels: np.ndarray, exact: np.ndarray, alike: np.ndarray, duplicates: Duplicates
) -> tuple[np.ndarray, list[str]]:
    """Which must go since the very same picture has another class too, bool (n,); and notes. A given test stays."""
    odd, none = _is_of_several(exact, labels), np.zeros(len(files), dtype=bool)
    paths, near = _paths(files, odd), _paths(files, _is_of_several(alike, labels) & ~odd)
    said = f"{count(paths, 'picture')} with an exact copy in another class"
    notes = [f"{count(near, 'picture')} with a near duplicate in another class, kept: {listed(near)}."] if near else []
    if not paths:
        return none, notes
    if odd.mean() > MAX_CONTRADICTORY_SHARE:
        said += ": the classes overlap, and no method can be right about both"
    elif duplicates == "drop":
        dropped = odd & np.array([file.split != "test" for file in files])
        kept, gone = _paths(files, odd & ~dropped), listed(_paths(files, dropped)) or "none"
        stays = f"; in the test set, which is not changed: {listed(kept)}" if kept else ""
        return dropped, [f"{said}, left out since one of the two is wrong: {gone}{stays}.", *notes]
    return none, [f"{said}: {listed(paths)}.", *notes]


def _is_of_several(groups: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether a picture's group holds several classes, bool (n,)."""
    members = np.unique(np.stack([groups, labels], 1), axis=0)[:, 0]
    return (np.bincount(members, minlength=len(groups)) > 1)[groups]


def _paths(files: Sequence[PictureFile], chosen: np.ndarray) -> list[str]:
    return [file.path for file, taken in zip(files, chosen, strict=True) if taken]


def choose_splits(
    files: Sequence[PictureFile],
    labels: np.ndarray,
    groups: np.ndarray,
    class_names: Sequence[str],
    duplicates: Duplicates = "drop",
    dropped: np.ndarray | None = None,
) -> tuple[np.ndarray, list[str]]:
    """Index into SPLITS for each picture or DROPPED, int64 (n,), such that no group is in two splits; and notes.

    duplicates: where a group is in several given splits, "drop" leaves the test set as it is, and validation but for
        what is in the test set; "move" takes the group to its first split; "keep" leaves it as it is.
    dropped: bool (n,), what was left out before.
    Missing splits are dealt out group by group, within each class that has enough groups.
    Raises ValueError if fewer than two classes have enough, a given split has no picture of its own, or a class none in
    training.
    """
    asked = np.array([SPLITS.index(file.split or "train") for file in files])
    given = asked if dropped is None else np.where(dropped, DROPPED, asked)
    split_of, notes = _part_groups(files, given, groups, duplicates)
    without = [file.path for file in files if not file.split]
    if 0 < len(without) < len(files):
        notes.append(
            f"{count(without, 'picture')} without a split among those that have one, in training: {listed(without)}."
        )
    _check_own_pictures(files, given, split_of, groups)
    for label in np.setdiff1d(labels, labels[split_of == 0]):
        had = int(((asked == 0) & (labels == label)).sum())
        name = class_names[label]
        alike = [repr(one) for one in class_names if one != name and spelled_alike(one) == spelled_alike(name)]
        why = f": all {had:,} are copies of pictures of a later split or another class" if had else ", got none there"
        raise ValueError(
            f"class {name!r} must have pictures in train{why}{''.join(f'; {one} is another class' for one in alike)}. "
            f"Give it {'others, or keep these with --duplicates=keep' if had else 'some, or take it away'}"
        )
    missing = [index for index in range(1, len(SPLITS)) if not (given == index).any()]
    untested = set(labels[split_of == 0].tolist())
    if missing:
        dealt, small = _deal(split_of, missing, labels, groups, class_names)
        notes += dealt
        untested -= set(small) if 2 in missing else set()
    untested -= set(labels[split_of == 2].tolist())
    if untested:
        names = [class_names[label] for label in sorted(untested)]
        notes.insert(0, f"No test picture, so that nothing is known about it: {listed(names)}.")
    return split_of, notes


def _part_groups(
    files: Sequence[PictureFile], given: np.ndarray, groups: np.ndarray, duplicates: Duplicates
) -> tuple[np.ndarray, list[str]]:
    """What becomes of groups in several given splits."""
    earliest, latest = np.full(len(files), len(SPLITS)), np.full(len(files), DROPPED)
    there = given >= 0
    np.minimum.at(earliest, groups[there], given[there])
    np.maximum.at(latest, groups[there], given[there])
    straddles = there & (earliest < latest)[groups]
    if not straddles.any():
        return given.copy(), []
    if duplicates == "keep":
        kept = _paths(files, straddles)
        return given.copy(), [
            f"{count(kept, 'picture')} with a copy or a group in another split, kept as --duplicates=keep says, so "
            f"that the test result is in part memory: {listed(kept)}."
        ]
    if duplicates == "move":
        split_of = np.where(straddles, earliest[groups], given)
        moved = np.flatnonzero(given != split_of).tolist()
        moves = [f"{files[index].path} to {SPLITS[split_of[index]]}" for index in moved]
        return split_of, [f"{count(moves, 'picture')} moved to the split of a duplicate: {listed(moves)}."]
    split_of = np.where(straddles & (given < latest[groups]), DROPPED, given)
    gone = np.flatnonzero(given != split_of).tolist()
    told = [f"{files[index].path} (in {SPLITS[latest[groups[index]]]})" for index in gone]
    return split_of, [f"{count(told, 'picture')} left out, as a copy or the group is in a later split: {listed(told)}."]


def _check_own_pictures(
    files: Sequence[PictureFile], given: np.ndarray, split_of: np.ndarray, groups: np.ndarray
) -> None:
    """Raises ValueError where a given split is a copy of others."""
    for index, name in enumerate(SPLITS):
        if (given == index).any() and not (split_of == index).any():
            shared = np.isin(groups, groups[given == index]) & (given >= 0)
            others = [_folder_of(files, given, split) for split in np.unique(given[shared]).tolist() if split != index]
            folder = _folder_of(files, given, index)
            raise ValueError(
                f"the {name} split has no picture of its own: each one of {folder!r} has a copy or its group in "
                f"{' or '.join(map(repr, others))}. Give {folder!r} other pictures, or take it away: a missing "
                "split is taken from training"
            )


def _folder_of(files: Sequence[PictureFile], given: np.ndarray, split: int) -> str:
    tops = {file.parts[0] for file, its_split in zip(files, given, strict=True) if its_split == split}
    return printable(tops.pop()) if len(tops) == 1 else SPLITS[split]


def _deal(
    split_of: np.ndarray, missing: Sequence[int], labels: np.ndarray, groups: np.ndarray, class_names: Sequence[str]
) -> tuple[list[str], list[int]]:
    """Move pictures from training to the missing splits, in place. Returns notes, and the classes that were too small
    for it."""
    here = np.flatnonzero(split_of == 0)
    n_needed = len(missing) + 1
    free = here[to_be_dealt(groups[here], labels[here], n_needed)]
    n_free = np.bincount(labels[free], minlength=len(class_names))
    if np.count_nonzero(n_free) < 2:
        n_groups = count_groups(groups[here], labels[here], len(class_names))
        counts = _count(n_groups, np.bincount(labels, minlength=len(class_names)), class_names)
        raise ValueError(
            f"at least two classes must have {n_needed} different pictures or groups, one or more for each of train, "
            f"{', '.join(SPLITS[index] for index in missing)}, but {counts}: add pictures"
        )
    heads = np.unique(groups[free])  # one picture for each group
    label_of = majority_labels(groups, labels)[heads]
    led = np.bincount(label_of, minlength=len(class_names))
    label_of = np.where(led[label_of] < n_needed, led.argmax(), label_of)
    shares = {SPLITS[index]: DEFAULT_SHARES[SPLITS[index]] for index in missing}
    dealt = stratified_split(label_of, {"train": 1 - sum(shares.values()), **shares}, class_names)
    for name in shares:
        split_of[free[np.isin(groups[free], heads[dealt[name]])]] = SPLITS.index(name)
    _show_all(split_of, (*missing, 0), labels, groups, here, heads)
    percentages = ", ".join(f"{share:.0%} {name}" for name, share in shares.items())
    named = f"{' and '.join(shares)} split{' was' if len(shares) == 1 else 's were'}"
    notes = [f"The {named} taken from training by us, within each class: {percentages}."]
    n_groups = count_groups(groups[here], labels[here], len(class_names))
    small = np.flatnonzero((n_groups > 0) & (n_free == 0)).tolist()
    if small:
        names = [f"{class_names[label]} ({n_groups[label]})" for label in small]
        notes.append(
            f"Too few different pictures to be tested on, so that all of them are in training: {listed(names)}."
        )
    return notes, small


def _count(n_groups: np.ndarray, n_pictures: np.ndarray, class_names: Sequence[str]) -> str:
    """Of the first few classes."""
    told = [
        f"{name!r} has {n}" + (f" in {all_of:,} pictures" if all_of > n else "")
        for name, n, all_of in zip(class_names, n_groups, n_pictures, strict=True)
    ]
    return ", ".join(told[:MAX_COUNTED]) + (f" and so on, {len(told):,} classes" if len(told) > MAX_COUNTED else "")


def _show_all(
    split_of: np.ndarray,
    splits: Sequence[int],
    labels: np.ndarray,
    groups: np.ndarray,
    here: np.ndarray,
    heads: np.ndarray,
) -> None:
    """Move a group, in place, to each of these splits that lacks a class, from where no class of it will be lacking:
    groups of several classes are dealt by one. What training lacks comes from anywhere.   heads: groups that may move.
    """
    for split, label in product(splits, np.unique(labels[np.isin(groups, heads)]).tolist()):
        of_class = here[labels[here] == label]
        if (split_of[of_class] == split).any():
            continue
        holding = np.intersect1d(groups[of_class], heads)
        where = [split_of[here[groups[here] == group]][0] for group in holding]
        for source, group in sorted(zip(where, holding, strict=True), key=lambda pair: -where.count(pair[0])):
            its = here[groups[here] == group]
            stay = labels[here[(split_of[here] == source) & (groups[here] != group)]]
            if split == 0 or np.isin(labels[its], stay).all():
                split_of[its] = split
                break
