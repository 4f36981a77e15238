"""One family over one data set: fitted on the training pictures, then every split through the one encode function."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.families.family import FeatureFamily, encode_all
from bakeoff.pipelines.classic.system.values import Encoded
from bakeoff.pipelines.machine.cores import Hands, stream_on_cores
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.fitted_values import from_arrays, to_arrays


def encode(
    family: FeatureFamily, system: System, dataset: Dataset, config: ClassicConfig, seed: int, workspace: Workspace
) -> Encoded:
    """Fit a family on the training pictures and encode all pictures; both from the cache where it has them."""
    hands = Hands(workspace.cluster.map_chunks if workspace.cluster else stream_on_cores, workspace.progress)
    learned = workspace.cache.get_or_compute(
        f"{family.name} fit",
        version=family.version,
        inputs={"family": family, "data": dataset.fingerprint(), "seed": seed if family.is_random else None},
        compute=lambda: to_arrays(family.fit(dataset.train.images, seed, hands)),
    )
    state: Any = from_arrays(family.state_type, learned.arrays)

    def encode_splits(mirrored: bool) -> dict[str, np.ndarray]:
        """Every split through the one encode function."""
        with workspace.progress(family.label, sum(len(split) for split in dataset.splits.values())) as advance:
            return {
                f"mirrored {name}" if mirrored else name: encode_all(
                    family,
                    state,
                    split.images,
                    mirrored=mirrored,
                    dtype=np.dtype(system.storage),
                    advance=advance,
                    hands=hands,
                    allocate=workspace.cache.allocate,
                )
                for name, split in dataset.splits.items()
            }

    stages = [
        workspace.cache.get_or_compute(
            f"{family.name} encode",
            version=family.version,
            inputs={"fit": learned.key, "mirrored": mirrored, "storage": system.storage},
            compute=partial(encode_splits, mirrored),
        )
        for mirrored in ((False, True) if config.mirror else (False,))
    ]
    parts = {name: array for stage in stages for name, array in stage.arrays.items()}
    costs = (
        replace(learned.cost, name=f"{family.label}: fit"),
        *(replace(stage.cost, name=f"{family.label}: encode") for stage in stages),
    )
    return Encoded(family, state, parts, tuple(stage.key for stage in stages), costs)
