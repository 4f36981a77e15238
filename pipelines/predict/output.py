"""Predictions as a table for people, and as CSV, JSON or JSON Lines for programs, a row at a time."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from rich.table import Table
from rich.text import Text

from bakeoff.datasets.folder.picture_file import printable
from bakeoff.pipelines.predict.classifier import Classifier, Prediction
from bakeoff.pipelines.results.files import in_place_of

N_SHOWN = 3  # classes of a picture
DIGITS = 6  # of a probability
Record = dict[str, Any]


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


def write_csv(rows: Iterable[Record], class_names: Sequence[str], file: TextIO) -> None:
    """Columns file, class, probability, p(<class>) for each class, error."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["file", "class", "probability", *(f"p({name})" for name in class_names), "error"])
    for row in rows:
        chances = row.get("probabilities", {})
        known = [row.get(name, "") for name in ("file", "class", "probability")]
        writer.writerow([*known, *(chances.get(name, "") for name in class_names), row.get("error", "")])


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
    tally: Counter[str] = Counter()

    def counted(lines: Iterable[str]) -> Iterator[Record]:
        for row in map(json.loads, lines):
            tally[row.get("class", "")] += 1
            yield row

    with in_place_of(target) as part, journal.open() as lines, part.open("x", newline="") as file:
        if target.suffix == ".csv":
            write_csv(counted(lines), classifier.class_names, file)
        elif target.suffix == ".json":
            write_json(counted(lines), facts_of(classifier), file)
        else:
            file.writelines(json.dumps(row) + "\n" for row in counted(lines))
    journal.unlink()
    return tally
