"""Options of the command line `bakeoff`, with their defaults and the checks that need no data."""

import argparse
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from bakeoff.datasets.folder.samples import MAX_PIXELS
from bakeoff.datasets.registry import dataset_names
from bakeoff.pipelines.command_line.settings import parse_assignments
from bakeoff.pipelines.results.table_file import check_table

SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}


class UsageError(ValueError):
    """The command line itself is wrong: nothing was looked at yet."""


class Parser(argparse.ArgumentParser):
    """Raises a UsageError where argparse would print its usage and end the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message.removeprefix('argument ')} (`{self.prog} --help` explains)")


def given(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def folder(text: str) -> Path:
    return Path(given(text)).expanduser()


def earlier_report(text: str) -> Path:
    """A file that holds at least a report's fingerprint: found out before hours of training, not after."""
    try:
        json.loads(Path(text).expanduser().read_bytes())["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise argparse.ArgumentTypeError(f"must name the report.json of an earlier report, got {text!r}") from error
    return Path(text).expanduser()


def table(text: str) -> Path:
    """A file for features that can be written: found out before any work."""
    try:
        check_table(folder(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return folder(text)


def matching(pattern: str, what: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A type of arguments: what `read` makes of a text that the pattern fits."""

    def check(text: str) -> Any:
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(f"must be {what}, got {text!r}")
        return read(text)

    return check


def seconds(text: str) -> float:
    """Of `90s`, `10min` or `2h`."""
    number, unit = re.findall(r"[\d.]+|[a-z]+", text)
    return float(number) * SECONDS[unit]


natural = matching(r"[0-9]+", "a whole number from 0 on", int)
positive = matching(r"0*[1-9][0-9]*", "a whole number from 1 on", int)
points = matching(r"\d{1,2}(\.\d*)?|\.\d+", "points in 0..100", float)
percent = matching(r"\d{1,2}|\d{0,2}\.\d+|100(\.0*)?", "a percentage in 0..100", float)
share = matching(r"0?\.\d+|[01]\.?0*", "a probability in 0..1, such as 0.6", float)
table_file = matching(r".*\.(csv|json|jsonl)", "a file that ends in .csv, .json or .jsonl", folder)
duration = matching(r"(?=.*[1-9])\d+(\.\d+)? ?(s|min|h)", "a duration such as 90s, 10min or 2h", seconds)


def option(name: str, **told: Any) -> Parser:
    """One option of several commands."""
    options = Parser(add_help=False)
    options.add_argument(name, **told)
    return options


PROFILES = ("quick", "full", "none")
ENGINES = ("torch", "numpy")
DEVICES = ("cpu", "cuda", "mps")
PLACE = option("--artifacts", type=folder, default=Path("artifacts"), help="folder of all that is computed")
JSON = option("--json", action="store_true", help="for machines")
ON_DEVICE = "that both sides compute on: cpu, cuda or mps (an accelerator where there is one)"
FROZEN = "file of a frozen net's weights, timm's as NAME:FILE; none: no such net"
WEIGHTS = option("--weights", type=folder, help=FROZEN)
FIELDS = "fields of the configuration, such as 'costs=0.1,1 epochs=5'"
SETTINGS = option("--set", type=parse_assignments, action="extend", default=[], metavar="SET", help=FIELDS)
DEVICE = option("--device", choices=DEVICES, default="", help=ON_DEVICE)


def build_parser() -> Parser:
    """The parser of every command."""
    parser = Parser(prog="bakeoff", description="Hand-crafted features or a net trained end to end, on your pictures.")
    parser.set_defaults(tensorboard=False, scheduler="", device="", processes=1, json=False, base=None)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = _common()
    add = commands.add_parser
    contest = [common, WEIGHTS, SETTINGS, DEVICE, _contest(), report_options(), JSON]
    add("report", parents=contest, help="train both sides and compare them: report.html, report.md, report.json")
    comparer = add("compare", parents=contest, help="the same, and what changed since an earlier report")
    comparer.add_argument("--base", type=earlier_report, required=True, help="report.json of the earlier report")
    add("report-saved", parents=[PLACE, saved_options()], help="the report on saved runs; the pictures are not needed")
    one = add("publish", parents=[PLACE], help="copy saved runs, small and without pictures")
    one.add_argument("--dataset", required=True, help="name of the data set")
    one.add_argument("--output", type=Path, help="folder to write to (docs/results/<dataset>/runs)")
    one.add_argument("--mlflow", help="log runs, models and report to this MLflow tracking URI instead")
    one.add_argument("--select", nargs="+", default=[], metavar="EXPERIMENT[:SEED]", help="only these runs (all)")
    one = add("features", parents=[common, WEIGHTS, SETTINGS, DEVICE], help="extract and cache hand-crafted features")
    one.add_argument("experiments", nargs="*", default=["families"], metavar="EXPERIMENT")
    one.add_argument("--table", type=table, metavar="FILE", help="also write them as .csv or .parquet, named columns")
    logs = option("--tensorboard", action="store_true", help="write logs to artifacts/tensorboard")
    together = option("--processes", type=positive, default=1, help="that train one net together")
    training = [common, WEIGHTS, SETTINGS, DEVICE, logs, together, JSON]
    one = add("train", parents=training, help="train experiments and save their runs")
    one.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="names or groups (see `bakeoff list`)")
    one = add("train-svm", parents=training, help="hand-crafted features and a linear SVM, each family alone and all")
    one.set_defaults(command="train", experiments=["families"])
    one = add("train-mlp", parents=training, help="a multi-layer perceptron on pixels, trained end to end")
    one.set_defaults(command="train", experiments=["mlp"])
    one.add_argument("--engine", choices=ENGINES, default="torch", help="torch, or our own back-propagation in numpy")
    deciding = _deciding()
    one = add("predict", parents=[common, deciding, JSON], help="the class of pictures, by a trained model")
    one.add_argument("images", nargs="+", metavar="IMAGE", help="a picture, or a folder of pictures")
    one.add_argument("--output", type=table_file, help="file to write, .csv, .json or .jsonl; a killed command goes on")
    one = add("serve", parents=[common, deciding], help="a page on this machine that classifies pictures dropped on it")
    one.add_argument("--port", type=natural, default=8765, help="of 127.0.0.1 (8765)")
    one = add("export", parents=[common], help="write a model as ONNX, or in C, checked on its test pictures")
    one.add_argument("model", metavar="MODEL", help="an experiment that was trained, a run's folder, or a model file")
    one.add_argument("images", nargs="*", metavar="IMAGE", help="pictures to check it with (its test pictures)")
    one.add_argument("--as", dest="form", choices=("onnx", "c"), default="onnx", help="C: for microcontrollers (onnx)")
    one = add("study", parents=[common, DEVICE], help="what takes several trainings or changed pictures")
    one.add_argument("studies", nargs="*", metavar="STUDY", help="names; none stands for all of the profile")
    one.add_argument("--profile", choices=PROFILES[:2], default="full", help="how much is done (full)")
    one.add_argument("--experiments", nargs="+", default=(), metavar="EXPERIMENT", help="names or groups to study")
    add("list", parents=[JSON], help="list every experiment")
    add("lecture", parents=[PLACE], help="the experiments behind a first lecture, as one page")
    one = add("exercise", help="check a file of the lecture's exercises: what differs")
    one.add_argument("name", metavar="NAME", help="of a file in examples/exercises")
    one.add_argument("file", type=folder, metavar="FILE", help="yours, with its holes filled")
    one = add("bench", parents=[PLACE], help="our kernels beside the libraries people use")
    one.add_argument("work", nargs="*", metavar="WORK", help="the kernels to measure (all)")
    add("clean", parents=[PLACE], help="remove what was computed, and nothing else")
    add("completion", help="a script that completes commands and names in bash and zsh: source <(bakeoff completion)")
    return parser


def _common() -> Parser:
    """The data set and how it is read, the seed, and where everything goes."""
    options = Parser(add_help=False, parents=[PLACE])
    add = options.add_argument
    add("--dataset", type=given, default="photos", help=f"{', '.join(dataset_names())}, or a path to pictures")
    add("--data-root", type=folder, help="folder of unpacked archives, e.g. cifar-10-batches-bin")
    add("--image-size", type=positive, help="side in pixels that pictures are brought to (32, 64, 128 or 224)")
    add("--max-skipped", type=percent, default=5.0, help="percent of a folder's pictures that may be unusable (5)")
    add("--max-pixels", type=positive, default=MAX_PIXELS, help="larger pictures are refused, undecoded")
    add("--range", help="raw values that become black and white in pictures of over 8 bits, such as 0,4095")
    add("--channels", default="", help="such as 3,1,2 or 2; mean, first (all, if over three)")
    add("--pages", default="max", help="what is made of several pages: max, mean, first, middle, a number, channels")
    add("--label", default="", help="a regular expression on paths: what it matches is the class (folders are)")
    add("--group", default="", help="a regular expression on paths: what it matches stays in one split, e.g. a patient")
    add("--frame", default="auto", help="of pictures that are no squares: middle (cut out) or whole (squeezed)")
    add("--regions", default="mask", help="of masks or boxes of pictures: mask, crop (keep the surroundings) or ignore")
    add("--duplicates", default="drop", help="of given test pictures in an earlier split: drop, move or keep")
    add("--seed", type=natural, default=0, help="seed of everything random")
    add("--scheduler", default="", help="of Dask, such as tcp://host:8786: its workers share the work")
    return options


def _deciding() -> Parser:
    """The model, and when it names a class."""
    options = Parser(add_help=False)
    add = options.add_argument
    add("model", metavar="MODEL", help="an experiment that was trained, a run's folder, or a model file")
    add("--not-sure-below", type=share, default=0.0, help='probability below which the answer is "not sure"')
    words = "of two classes, name the wanted one from the model's own threshold on (at most 1 %% false alarms)"
    add("--by-threshold", action="store_true", help=words)
    return options


def _contest() -> Parser:
    """The data set as a word of its own, and how much is done for a report."""
    options = Parser(add_help=False)
    add = options.add_argument
    add("dataset", nargs="?", type=given, default=argparse.SUPPRESS, metavar="DATASET", help="the same as --dataset")
    add("--budget", type=duration, help="processor time for each side, such as 90s, 10min or 2h (by the data)")
    add("--splits", type=positive, help="the finalists are tested on; 1: the one only (5 to 20 below 2,000 pictures)")
    add("--profile", choices=PROFILES, default="quick", help="what is studied beside the runs (quick)")
    add("--experiments", nargs="+", default=[], metavar="EXPERIMENT", help="compare these, instead of a contest")
    return options


def report_options() -> Parser:
    """Which runs are compared, and what is asked of them."""
    options = Parser(add_help=False)
    add = options.add_argument
    add("--runs-from", type=Path, nargs="+", default=[], metavar="RUNS_FROM", help="folders with other saved runs")
    add("--margin", type=points, default=1.0, help="acceptable loss of accuracy, in points (1.0)")
    add("--select", nargs="+", default=[], metavar="EXPERIMENT[:SEED]", help="compare only these runs (all)")
    add("--lessons", type=Path, help="text file with what you learned, one sentence per line")
    add("--without-pictures", action="store_true", help="show no test pictures, for data that must not be shared")
    add("--false-alarms", type=points, default=1.0, help="for two classes: acceptable false-alarm rate, percent (1.0)")
    add("--costs", type=float, nargs=2, metavar=("MISS", "ALARM"), help="for two classes: cost of each kind of error")
    return options


def saved_options() -> Parser:
    """The same of runs that were made before."""
    options = Parser(add_help=False, parents=[report_options()])
    add = options.add_argument
    add("runs", type=Path, nargs="*", metavar="FOLDER", help="folders with saved runs, yours first (artifacts/runs)")
    add("--dataset", default="photos", help="name of the data set (photos)")
    add("--fingerprint", default="", help="its first characters, if data sets share a name")
    add("--base", type=Path, help="report.json of an earlier report, to list what changed")
    add("--json", action="store_true", help="print report.json")
    return options


def commands_of(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    return next(action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction))
