"""Published models as guests beside the runs of a task, by their published predictions of its test pictures."""

from __future__ import annotations

from pathlib import Path

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.sets.published_predictions import SOURCE, has_published_predictions, load_published_predictions
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.guest import FILE_NAME, Guest, save_guests
from bakeoff.pipelines.results.run import task_folder


def keep_guests(dataset: Dataset, data_root: Path | None, workspace: Workspace) -> bool:
    """Save the guests of a task whose card is saved; False, with a line said, if they cannot be had now.

    A task without published predictions is left as it is, and so is one that has its guests.
    """
    folder = task_folder(workspace.runs, dataset.name, dataset.fingerprint())
    if (folder / FILE_NAME).exists() or not has_published_predictions(dataset.test.labels):
        return True
    try:
        published = load_published_predictions(data_root)
    except OSError as error:
        workspace.say(f"the report goes without published models: {error}")
        return False
    guests = tuple(
        Guest(model.name, model.title, "end-to-end" if model.end_to_end else "hand-crafted", SOURCE, predictions)
        for model, predictions in published
    )
    save_guests(guests, folder)
    return True
