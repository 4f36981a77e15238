"""`bakeoff predict`: which class is in these pictures, says a model that was trained before."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from rich.console import Console

from bakeoff.datasets.folder.loose_pictures import find_pictures
from bakeoff.datasets.folder.picture_file import PictureFile, printable, stamp_now
from bakeoff.pipelines.machine.cache import hash_inputs
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.predict.classifier import Classifier, Prediction, Timing, load_model
from bakeoff.pipelines.predict.locate import find_model
from bakeoff.pipelines.predict.output import (
    convert_rows,
    facts_of,
    prediction_table,
    row_of,
    rows_that_stand,
    write_json,
)
from bakeoff.pipelines.results.model import ON_REGIONS

EXPLANATION = (
    "probability: softmax of the scores, scaled on validation; the report's calibration says how far to trust it"
)


def predict(options: argparse.Namespace) -> int:
    """Show or write the predictions; 1 if a file could not be read. Raises ValueError or OSError if nothing can be."""
    place = {"runs": options.artifacts / "runs", "dataset": options.dataset, "seed": options.seed}
    path = find_model(options.model, **place, image_size=options.image_size)
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
    for place in map(Path, places):
        for file in find_pictures(place.expanduser()):
            if output is None or file.parts[-1] != output.name or not _same(place.joinpath(*file.parts), output):
                yield file


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.exists() and one.samefile(other)


def show(classifier: Classifier, places: Sequence[str], loading: float, *, as_json: bool) -> int:
    """On the terminal, or as JSON, with a line on stderr for each file that could not be read."""
    timing, console = Timing(), Console(highlight=False)
    bad = 0

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
        write_json(rows, facts_of(classifier), sys.stdout, lambda: {"loading": loading, **vars(timing)})
        return int(bad > 0)
    for batch in told():
        console.print(prediction_table(batch))
    decoding, scoring = (1000 * seconds / timing.n_files for seconds in (timing.decoding, timing.scoring))
    for line in (
        EXPLANATION,
        f"{decoding + scoring:.1f} ms a picture ({decoding:.1f} decoding, {scoring:.1f} scoring), {timing.n_files} in "
        f"all; model loaded in {loading:.2f} s",
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
