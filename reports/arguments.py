"""Options of the reports' commands: which runs are compared, and what is asked of them."""

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


def saved_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        add_help=False, parents=[report_options()], description="the report on saved runs, without the pictures"
    )
    add = options.add_argument
    add("runs", type=Path, nargs="*", metavar="FOLDER", help="folders of saved runs, yours first (artifacts/runs)")
    add("--dataset", default="photos", help="name of the data set (photos)")
    add("--fingerprint", default="", help="its first characters, where data sets share a name")
    add("--base", type=Path, help="report.json of an earlier report: tell what changed since")
    add("--json", action="store_true", help="for machines")
    return options


def publish_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False, description="copy saved runs, small and without a picture")
    add = options.add_argument
    add("--dataset", required=True, help="name of the data set")
    add("--output", type=Path, help="folder to write (docs/results/<dataset>/runs)")
    add("--mlflow", metavar="MLFLOW", help="instead, log runs, models and report to this MLflow tracking URI")
    add("--select", nargs="+", default=[], metavar="EXPERIMENT[:SEED]", help="these runs only (all)")
    return options


def options_of_commands() -> dict[str, argparse.ArgumentParser]:
    """Command -> its options on this side."""
    compared = report_options()
    return {
        "report": compared,
        "compare": compared,
        "report-saved": saved_options(),
        "publish": publish_options(),
    }
