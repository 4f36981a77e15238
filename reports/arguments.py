"""Options of a report: which runs it compares, and what it asks of them."""

from __future__ import annotations

import argparse
from pathlib import Path


def margin(text: str) -> float:
    """Points of accuracy."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 100:
        raise argparse.ArgumentTypeError(f"must lie in 0..100 points, got {text}")
    return value


def report_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    add = options.add_argument
    add("--runs-from", type=Path, nargs="+", default=[], metavar="RUNS_FROM", help="folders of other saved runs")
    add("--margin", type=margin, default=1.0, help="loss of accuracy, in points, that you would accept (1.0)")
    add("--select", nargs="+", default=[], metavar="EXPERIMENT[:SEED]", help="compare these runs only (all)")
    add("--lessons", type=Path, help="text file of what you learned, a sentence a line, for the top")
    add("--without-pictures", action="store_true", help="show no test pictures, for data that must not be passed on")
    add("--false-alarms", type=margin, default=1.0, help="of two classes, percent of the other that may pass (1.0)")
    add("--costs", type=float, nargs=2, metavar=("MISS", "ALARM"), help="of two classes, what either error costs")
    return options
