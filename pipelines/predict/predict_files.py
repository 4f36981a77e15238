"""`bakeoff predict`: which class is in these pictures, says a model that was trained before."""

import argparse
import csv
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bakeoff.datasets.folder.load import find_pictures
from bakeoff.datasets.folder.picture_file import PictureFile, printable, stamp_now
from bakeoff.pipelines.machine.cache import hash_inputs
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.predict.classifier import Classifier, Prediction, find_model, load_model
from bakeoff.pipelines.results.files import in_place_of
from bakeoff.pipelines.results.model import ON_REGIONS

N_SHOWN = 3  # classes of a picture
DIGITS = 6  # of a probability
Record = dict[str, Any]
EXPLANATION = (
    "probability: softmax of the scores, scaled on validation; the report's calibration says how far to trust it"
)


def predict(options: argparse.Namespace) -> int:
    """Show or write the predictions; 1 if a file could not be read. Raises ValueError or OSError if nothing can be."""
    path = find_model(options)
    if not all(options.images):
        raise ValueError("no picture was named: give a picture, or a folder of pictures")
    start = time.perf_counter()
    classifier = load_model(path, not_sure_below=options.not_sure_below, by_threshold=options.by_threshold)
    classifier.probabilities(np.zeros((1, *classifier.model.image_shape), np.uint8))  # later ones show its own speed
    loading = time.perf_counter() - start
    if classifier.reading.get("regions"):
        print(f"note: {ON_REGIONS}", file=sys.stderr)
    n_files = sum(1 for _ in find_all(options.images, options.output))  # complains before any work
    if options.output:
        return save(classifier, options, n_files)
    return show(classifier, options.images, loading, as_json=options.json)


def find_all(places: Sequence[str], output: Path | None = None) -> Iterator[PictureFile]:
    """The files of all places but the one that is written."""
    for place in (Path(place).expanduser() for place in places):
        for file in find_pictures(place):
            named = place.joinpath(*file.parts) if output and file.parts[-1] == output.name else None
            if not (output and named and named.resolve() == output.expanduser().resolve()):
                yield file


def show(classifier: Classifier, places: Sequence[str], loading: float, *, as_json: bool) -> int:
    """On the terminal, or as JSON, with a line on stderr for each file that could not be read."""
    timing, console, bad = defaultdict[str, float](int), Console(highlight=False), 0

    def told() -> Iterator[list[Prediction]]:
        nonlocal bad
        for batch in classifier.predict_batches(find_all(places), timing):
            yield batch
            for found in batch:
                if found.error:
                    bad += 1
                    print(f"error: {found.file}: {printable(found.error)}", file=sys.stderr)

    if as_json:
        rows = (row_of(found) for batch in told() for found in batch)
        write_json(rows, facts_of(classifier), sys.stdout, lambda: {"loading": loading, **timing})
        return int(bad > 0)
    for batch in told():
        console.print(prediction_table(batch))
    decoding, scoring = (1000 * timing[part] / timing["n_files"] for part in ("decoding", "scoring"))
    for line in (
        EXPLANATION,
        f"{decoding + scoring:.1f} ms a picture ({decoding:.1f} decoding, {scoring:.1f} scoring), "
        f"{timing['n_files']} in all; model loaded in {loading:.2f} s",
        f"{printable(classifier.model.experiment)}: {classifier.path}",
    ):
        console.print(line, style="dim", markup=False, soft_wrap=True)
    return int(bad > 0)


def save(classifier: Classifier, options: argparse.Namespace, n_files: int) -> int:
    """To a file, which is there once it is whole; the rows so far lie beside it, for the same command to go on."""
    target: Path = options.output.expanduser()
    target.parent.mkdir(parents=True, exist_ok=True)
    asked = [stamp_now(classifier.path), list(map(os.path.abspath, options.images)), facts_of(classifier)]
    journal = target.with_name(f".{target.name}.{hash_inputs('predictions', 1, {'asked': asked})[:8]}.part")
    names = (file.path for file in find_all(options.images, target))
    n_kept = rows_that_stand(journal, names)
    workspace = Workspace(options.artifacts)
    if n_kept:
        workspace.say(f"{n_kept:,} of {n_files:,} pictures are kept from before")
    left = islice(find_all(options.images, target), n_kept, None)
    with journal.open("a") as file, workspace.progress("predict", n_files - n_kept) as advance:
        for batch in classifier.predict_batches(left):
            file.writelines(json.dumps(row_of(found)) + "\n" for found in batch)
            file.flush()
            advance(len(batch))
    tally = convert_rows(journal, target, classifier)
    counts = ", ".join(f"{n:,} {printable(name)}" for name, n in sorted(tally.items()) if name)
    print(f"{target}: {tally.total():,} pictures{': ' if counts else ''}{counts}")
    if tally[""]:
        print(f"error: {tally['']:,} pictures could not be read: see their rows' error in {target}", file=sys.stderr)
    return int(tally[""] > 0)


def prediction_table(predictions: Sequence[Prediction]) -> Table:
    """A row for each picture that was read: its class, how probable, and what comes next."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("picture", "class", "probability", "then"):
        table.add_column(column, justify="right" if column == "probability" else "left", overflow="fold")
    for found in predictions:
        if found.probabilities is None:
            continue
        ranked = sorted(found.probabilities.items(), key=lambda item: -item[1])
        others = [(name, value) for name, value in ranked[:N_SHOWN] if name != found.class_name]
        then = ", ".join(f"{printable(name)} {value:.1%}" for name, value in others)
        cells = (found.file, printable(found.class_name), f"{found.probability:.1%}", then)
        table.add_row(*(Text(cell, style="bold" if i == 1 else "") for i, cell in enumerate(cells)))
    return table


def row_of(found: Prediction) -> Record:
    """The values of one line of JSON."""
    if found.probabilities is None:
        return {"file": found.file, "error": found.error}
    rounded = {name: round(value, DIGITS) for name, value in found.probabilities.items()}
    return {
        "file": found.file,
        "class": found.class_name,
        "probability": round(found.probability, DIGITS),
        "probabilities": rounded,
    }


def facts_of(classifier: Classifier) -> Record:
    """What a program should know of the model behind the rows."""
    calibrator = classifier.calibrator
    wanted = None if calibrator.wanted is None else classifier.class_names[calibrator.wanted]
    return {
        "path": str(classifier.path),
        "experiment": classifier.model.experiment,
        "side": classifier.model.side,
        "temperature": calibrator.temperature,
        "threshold": None if wanted is None else {"class": wanted, "probability": calibrator.threshold},
        "by_threshold": classifier.by_threshold,
        "not_sure_below": classifier.not_sure_below,
    }


def write_json(
    rows: Iterable[Record], facts: Record, file: TextIO, seconds: Callable[[], Record] | None = None
) -> None:
    """One object: "model", "pictures", a row for each file in order, and what `seconds` gives when they are done."""
    file.write(f'{{"model": {json.dumps(facts)},\n"pictures": [')
    for i, row in enumerate(rows):
        file.write(("," if i else "") + "\n" + json.dumps(row))
    file.write("\n]" + (f',\n"seconds": {json.dumps(seconds())}' if seconds else "") + "}\n")


def rows_that_stand(journal: Path, names: Iterable[str]) -> int:
    """How many rows of an unfinished file are whole and about these files, in this order; the rest is cut off."""
    n_rows = n_bytes = 0
    with journal.open("ab+") as file:
        file.seek(0)
        for line, name in zip(file, names, strict=False):
            try:
                stands = line.endswith(b"\n") and json.loads(line)["file"] == name
            except (ValueError, KeyError, TypeError):  # cut short by a crash
                break
            if not stands:
                break
            n_rows, n_bytes = n_rows + 1, n_bytes + len(line)
        file.truncate(n_bytes)
    return n_rows


def convert_rows(journal: Path, target: Path, classifier: Classifier) -> Counter[str]:
    """Write the whole file in the format of its name, and remove the rows. Counts them by class, "" unread."""
    tally, names = Counter[str](), classifier.class_names

    def counted(lines: Iterable[str]) -> Iterator[Record]:
        for row in map(json.loads, lines):
            tally[row.get("class", "")] += 1
            yield row

    with in_place_of(target) as part, journal.open() as lines, part.open("x", newline="") as file:
        if target.suffix == ".csv":
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["file", "class", "probability", *(f"p({name})" for name in names), "error"])
            for row in counted(lines):
                chances = [row.get("probabilities", {}).get(name, "") for name in names]
                writer.writerow([row["file"], row.get("class"), row.get("probability"), *chances, row.get("error")])
        elif target.suffix == ".json":
            write_json(counted(lines), facts_of(classifier), file)
        else:
            file.writelines(json.dumps(row) + "\n" for row in counted(lines))
    journal.unlink()
    return tally
