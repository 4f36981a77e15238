"""What folders are called that hold a split: train, Test_Set, seg_val ..."""

import re
from collections.abc import Collection, Iterable, Mapping

# Beginnings of words are no names: a class may be called trainer or valley.
SPLIT_WORDS = {
    **dict.fromkeys(("train", "training", "trainval", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "eval", "evaluation"), "validation"),
    **dict.fromkeys(("test", "testing", "holdout", "tst"), "test"),
}
THINGS = {  # words that name no class and no split
    *("set", "sets", "data", "dataset", "split", "folder"),
    *("images", "image", "imgs", "img", "pictures", "pics", "photos"),
}
PARTS = {"part", "batch", "shard", "chunk"}  # which numbers follow
GLUED = re.compile(rf"({'|'.join(sorted(SPLIT_WORDS, key=len, reverse=True))})(set|data|images)")  # trainset


def without_numbers(name: str) -> str:
    return re.sub(r"\d+", "", name.lower())


def are_parts(names: Collection[str]) -> bool:
    """Whether they are numbered parts of one thing, such as images_001 and images_002, and so hardly classes."""
    stripped = set(map(without_numbers, names))
    return len(names) > 1 == len(stripped) and not {*THINGS, *PARTS}.isdisjoint(re.split("[^a-z]+", stripped.pop()))


def split_of_name(name: str) -> tuple[str, frozenset[str]]:
    """The split that a name says, "" if none, and what else it says: "seg_train" -> ("train", {"seg"})."""
    text = re.sub(r"(hold|train)[-_ ](out|val)(?![a-z])", r"\1\2", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    words = [word for word in re.split(r"[^a-z]+", text) if word]  # a number tells a year, an order or a share
    words = [part for word in words for part in (GLUED.sub(r"\1 \2", word) if GLUED.fullmatch(word) else word).split()]
    splits = {SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS}
    others = frozenset(word for word in words if word not in SPLIT_WORDS and word not in THINGS)
    return (splits.pop(), others) if len(splits) == 1 else ("", frozenset())


def find_splits(names: Iterable[str], *, are_folders: bool = False) -> Mapping[str, str]:
    """Folder -> split for those of these that are a set of splits: train and another, and nothing else differs.

    So a class may be called train, and train station and test tube are no splits.
    are_folders: raises ValueError for several such sets, which would else be classes: trainA, testA, trainB, testB.
    """
    sharing: dict[frozenset[str], dict[str, str]] = {}
    for name in names:
        split, others = split_of_name(name)
        if split:
            sharing.setdefault(others, {})[name] = split
    complete = [found for found in sharing.values() if "train" in found.values() and len(set(found.values())) > 1]
    if are_folders and len(complete) > 1:
        told = sorted(name for found in complete for name in found)
        raise ValueError(
            f"the folders {', '.join(told[:4])} name both a split and something else: if that is the class, make it a "
            "folder of its own, as train/cat and test/cat"
        )
    if len(complete) != 1:
        return {}
    (splits,) = complete
    final = [name for name in splits if "eval" in name.lower()]
    if "test" not in splits.values() and len(splits) > 1 + len(final):  # one for validation stands beside it
        splits |= dict.fromkeys(final, "test")
    return splits
