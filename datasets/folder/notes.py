"""What happened to a folder's files, in sentences for the terminal and for the report's chapter on the data."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from bakeoff.datasets.folder.picture_file import PictureFile, as_class_name, formats_of_suffix, printable
from bakeoff.datasets.folder.split_names import SPLIT_WORDS, split_of_name
from bakeoff.datasets.resizing import WHOLE
from bakeoff.datasets.splits import is_unbalanced

LEAST_RECORDED, TELLING = 5, 0.9  # pictures; the share of a class, and of all others, whose recordings differ
SEEN = 1.05  # times the short side: of pictures this long hardly anything is cut off
SEVERAL = re.compile(r"\s*[|,;+&/]\s*")  # between the classes of a picture that has several
MOST_LEFT_OUT = 10  # the same of what is left out by rule, which may be as many as there are pictures
MAX_LISTED = 50  # files named in one note; a report must stay readable


def note_skipped(path: Path, skipped: Sequence[str], n_pictures: int, max_skipped_share: float) -> str:
    """On the pictures that could not be used, and why. Raises ValueError if they are too many of n_pictures."""
    share = len(skipped) / max(1, n_pictures)
    if share > max_skipped_share:
        raise ValueError(
            f"{len(skipped):,} of {n_pictures:,} pictures in {path} cannot be used ({share:.0%}, more than the "
            f"{max_skipped_share:.0%} allowed), such as {'; '.join(skipped[:3])}: mend or remove them, or allow more "
            "with --max-skipped"
        )
    return f"{count(skipped, 'picture')} could not be used and left out: {listed(skipped)}." if skipped else ""


def notes_left_out(files: Iterable[PictureFile]) -> list[str]:
    """One note for each reason to leave files and folders out."""
    paths: dict[str, list[str]] = {}
    for file in files:
        paths.setdefault(file.left_out, []).append(file.path)
    return [f"Left out as {reason}: {listed(names, MOST_LEFT_OUT)}." for reason, names in sorted(paths.items())]


def notes_on_names(class_names: Sequence[str]) -> list[str]:
    """On classes that may be one, by their names, and on those that are several at once."""
    alike: dict[object, list[str]] = {}
    for name in class_names:
        alike.setdefault(spelled_alike(name), []).append(repr(name))
    hardly = [" and ".join(names) for names in alike.values() if len(names) > 1]
    several = [name for name in class_names if len(parts := set(SEVERAL.split(name))) > 1 and parts <= set(class_names)]
    told = {
        "Classes whose names hardly differ, so that they may be one": hardly,
        "Classes of their own, though their names hold several others": several,
    }
    return [f"{said}: {listed(names)}." for said, names in told.items() if names]


def spelled_alike(name: str) -> object:
    """The same for names that differ in case, blanks, the form of a letter or, of numbers, in decimals."""
    try:
        return float(name)
    except ValueError:
        return " ".join(re.split(r"[\s_]+", unicodedata.normalize("NFKC", name).casefold())).strip()


def note_ignored(files: Sequence[PictureFile], which: str) -> str:
    if not files:
        return ""
    suffixes = Counter(file.suffix or "no extension" for file in files)
    kinds = ", ".join(f"{n:,} {suffix}" for suffix, n in suffixes.most_common(5))
    return f"{count(files, 'file')} {which} left out ({kinds}): {listed([file.path for file in files])}."


def note_formats(files: Sequence[PictureFile], file_formats: Sequence[str]) -> str:
    """Which formats there are, and which files are named after another one."""
    kinds = ", ".join(f"{n:,} {name}" for name, n in Counter(file_formats).most_common())
    misnamed = [
        f"{file.path} ({name})"
        for file, name in zip(files, file_formats, strict=True)
        if name not in formats_of_suffix().get(file.suffix, (name,))
    ]
    wrong = f"; named after another format, read by content: {listed(misnamed)}" if misnamed else ""
    return f"File formats: {kinds}{wrong}."


def note_recording(files: Sequence[PictureFile], facts: Sequence[Iterable[str]]) -> str:
    """Which classes are recorded as no other is, by facts about each picture: "PNG", "16-bit", "gray"."""
    pairs = Counter((file.class_name, fact) for file, known in zip(files, facts, strict=True) for fact in known)
    of_class, of_fact = Counter(file.class_name for file in files), Counter(fact for known in facts for fact in known)
    alike: dict[tuple[str, str], list[str]] = {}
    for (name, fact), n in sorted(pairs.items()):
        others, n_others = of_fact[fact] - n, len(files) - of_class[name]
        if n >= max(LEAST_RECORDED, TELLING * of_class[name]) and others <= (1 - TELLING) * n_others:
            counts = f"{n:,} of {of_class[name]:,}; others {others:,} of {n_others:,}"
            alike.setdefault((name, counts), []).append(fact)
    told = [f"{name} is {', '.join(known)} ({counts})" for (name, counts), known in alike.items()]
    warning = "the recording may be what is recognized, not what it shows. Save all pictures in one way"
    return f"Classes are recorded in different ways: {listed(told)}: {warning}." if told else ""


def note_conversions(files: Sequence[PictureFile], remarks: Sequence[Iterable[str]]) -> str:
    """How often pictures had to be looked for, or changed beyond cropping and resizing, with an example of each."""
    told = [(text, file.path) for file, texts in zip(files, remarks, strict=True) for text in texts]
    counts, examples = Counter(text for text, _ in told), dict(reversed(told))
    parts = [f"{n:,} {text} ({examples[text]})" for text, n in counts.most_common()]
    return f"Changed on reading: {', '.join(parts)}." if parts else ""


def note_balance(labels: np.ndarray, class_names: Sequence[str]) -> str:
    counts = np.bincount(labels, minlength=len(class_names))
    if not is_unbalanced(counts):
        return ""
    largest, smallest = class_names[int(counts.argmax())], class_names[int(counts.argmin())]
    return (
        f"The classes are unbalanced, from {counts.min():,} ({smallest}) to {counts.max():,} pictures ({largest}): "
        "read balanced accuracy and macro F1 before accuracy."
    )


def note_split_folders(files: Sequence[PictureFile]) -> str:
    """Which folders were taken for splits by names that are not plainly theirs."""
    found = {(file.parts[0], file.split) for file in files if split_of_name(file.parts[0])[0] == file.split != ""}
    taken = [f"{printable(name)} ({split})" for name, split in sorted(found) if name.lower() not in SPLIT_WORDS]
    return f"Folders taken for splits: {listed(taken)}." if taken else ""


def note_nested(files: Sequence[PictureFile]) -> str:
    """Where pictures lie deeper than the folders of their classes, so that the innermost may be the classes."""
    deep = [file for file in files if file.class_name in map(as_class_name, file.parts[:-2])]
    inner = {file.parts[-2] for file in deep if as_class_name(file.parts[-2]) != file.class_name}
    if len(deep) < TELLING * len(files) or len(inner) <= len({file.class_name for file in files}):
        return ""
    return (
        f"Pictures lie in folders inside those that are the classes, such as {deep[0].path} of {deep[0].class_name}: "
        "if the innermost are the classes, give --label='([^/]+)/[^/]*$'."
    )


def note_size(image_size: int, median: float) -> str:
    """How far pictures are shrunk.   median: of their short sides, in pixels."""
    if median <= image_size:
        return ""
    return (
        f"Pictures of {median:,.0f} px (median short side) are brought to {image_size} px: what is finer than "
        f"{median / image_size:.1f} px of theirs is lost. --image-size sets another."
    )


def note_frame(frame: str, elongation: float) -> str:
    """What of pictures that are no squares is taken.   elongation: long side over short side, in the median."""
    if elongation < SEEN:
        return ""
    if frame == WHOLE:
        return (
            f"Pictures are taken whole, squeezed into squares: the median one is {elongation:.1f} times as long as "
            "it is wide. --frame=middle takes the middle square of each instead."
        )
    return (
        f"The middle square of each picture is taken: {1 - 1 / elongation:.0%} of the median one lies outside of it "
        "and is not seen. --frame=whole squeezes all of it into a square."
    )


def note_channels(taken: str, asked: str) -> str:
    """Where all of more than three are taken since nothing else was asked for."""
    if asked or not taken:
        return ""
    n_channels = taken.count(",") + 1
    return (
        f"Pictures have {n_channels} channels, all of them taken: what needs red, green and blue skips itself, such as "
        "color histograms and frozen nets. --channels=1,2,3 takes three."
    )


def count(things: Sequence[object], noun: str) -> str:
    return f"{len(things):,} {noun}{'' if len(things) == 1 else 's'}"


def listed(lines: Sequence[str], most: int = MAX_LISTED) -> str:
    more = f"; and {len(lines) - most:,} more" if len(lines) > most else ""
    return "; ".join(lines[:most]) + more
