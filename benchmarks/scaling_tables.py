"""The tables of docs/scaling.md, from the record of `bakeoff bench --scaling`: `python -m
bakeoff.benchmarks.scaling_tables docs/results/scaling.json` prints them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bakeoff.benchmarks.scaling_model import CORES_PER_MACHINE, DAY

UNITS = ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
DURATIONS = ((365.25 * DAY, "years"), (DAY, "days"), (3600.0, "hours"), (60.0, "minutes"))


def tables(record: dict[str, Any]) -> dict[str, str]:
    """Every table by its name."""
    return {
        "costs": table(("work, a picture", "processor time", "bytes"), cost_rows(record)),
        "check": table(("pictures", "measured", "predicted", "predicted / measured"), check_rows(record)),
        "nets": table(
            ("net", "pixels", "a picture, trained once", "epochs", "ImageNet", "a billion"), net_rows(record)
        ),
        **{
            f"{experiment}, {name}": table(("stage", "processor time", "time", "bound by"), stage_rows(forecast))
            for experiment, forecasts in record["forecasts"].items()
            for name, forecast in forecasts.items()
        },
        "totals": table(
            ("experiment", "pictures", "machines", "files", "features on disk", "pixels on disk", "solver, at most"),
            total_rows(record),
        ),
    }


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cost_rows(record: dict[str, Any]) -> list[tuple[str, str, str]]:
    decode = record["decode"]
    rows = [("decode a JPEG", f"{1e3 * decode['cpu_seconds']:.1f} ms", size(decode["file_bytes"]))]
    for experiment, families in record["encode_224"].items():
        for row in families:
            name = f"`{experiment}`: {row['family']}, {row['dimensions']:,} dimensions"
            rows.append((name, f"{1e3 * row['cpu_seconds']:,.1f} ms", size(row["feature_bytes"])))
    return rows


def check_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (f"{row['pictures']:,}", f"{row['measured']:,.0f} s", f"{row['predicted']:,.0f} s", f"{row['ratio']:.2f}")
        for row in record["checks"]
    ]


def net_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    rows = []
    for name, net in record["nets"].items():
        seconds = net["cpu_seconds"] * net["epochs"]
        whole = [_machine_hours(seconds * n) for n in (1_281_167, 1e9)]
        step = f"{1e3 * net['cpu_seconds']:,.2f} ms"
        rows.append((f"`{name}`", str(net["side"]), step, str(net["epochs"]), *whole))
    return rows


def stage_rows(forecast: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (stage["name"], duration(stage["cpu_seconds"]), duration(stage["seconds"]), stage["bound"])
        for stage in forecast["stages"]
    ]


def total_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            f"`{experiment}`",
            name,
            f"{forecast['machines_for_a_day']:,.1f}",
            *(size(forecast[f"{what}_bytes"]) for what in ("file", "feature", "pixel", "solver")),
        )
        for experiment, forecasts in record["forecasts"].items()
        for name, forecast in forecasts.items()
    ]


def size(n_bytes: float) -> str:
    factor, unit = next(((factor, unit) for factor, unit in UNITS if n_bytes >= factor), (1.0, "B"))
    return f"{n_bytes / factor:.3g} {unit}"


def duration(seconds: float) -> str:
    factor, unit = next(((factor, unit) for factor, unit in DURATIONS if seconds >= factor), (1.0, "s"))
    value = seconds / factor
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.2g} {unit}"


def _machine_hours(core_seconds: float) -> str:
    hours = core_seconds / 3600 / CORES_PER_MACHINE
    return f"{hours:,.1f} machine hours" if hours < 10 else f"{hours:,.0f} machine hours"


if __name__ == "__main__":
    for name, text in tables(json.loads(Path(sys.argv[1]).read_text())).items():
        print(f"\n{name}\n\n{text}")
