"""Options of the reports' commands: which runs are compared, and what is asked of them."""

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
    add("--runs-from", type=Path, nargs="+", default=[], metavar="RUNS_FROM", help="folders with other saved runs")
    add("--margin", type=margin, default=1.0, help="acceptable loss of accuracy, in points (1.0)")
    add("--select", nargs="+", default=[], metavar="EXPERIMENT[:SEED]", help="compare only these runs (all)")
    add("--lessons", type=Path, help="text file with what you learned, one sentence per line")
    add("--without-pictures", action="store_true", help="show no test pictures, for data that must not be shared")
    add("--false-alarms", type=margin, default=1.0, help="for two classes: acceptable false-alarm rate, percent (1.0)")
    add("--costs", type=float, nargs=2, metavar=("MISS", "ALARM"), help="for two classes: cost of each kind of error")
    return options


def saved_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        add_help=False, parents=[report_options()], description="the report on saved runs; the pictures are not needed"
    )
    add = options.add_argument
    add("runs", type=Path, nargs="*", metavar="FOLDER", help="folders with saved runs, yours first (artifacts/runs)")
    add("--dataset", default="photos", help="name of the data set (photos)")
    add("--fingerprint", default="", help="its first characters, if data sets share a name")
    add("--base", type=Path, help="report.json of an earlier report, to list what changed")
    add("--json", action="store_true", help="print report.json")
    return options


def publish_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False, description="copy saved runs, small and without pictures")
    add = options.add_argument
    add("--dataset", required=True, help="name of the data set")
    add("--output", type=Path, help="folder to write to (docs/results/<dataset>/runs)")
    add("--mlflow", metavar="MLFLOW", help="log runs, models and report to this MLflow tracking URI instead")
    add("--select", nargs="+", default=[], metavar="EXPERIMENT[:SEED]", help="only these runs (all)")
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
