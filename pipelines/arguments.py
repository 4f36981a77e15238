"""What `python -m bakeoff.pipelines` understands."""

from __future__ import annotations

import argparse
from pathlib import Path

from bakeoff.datasets.folder.decode import MAX_PIXELS
from bakeoff.datasets.registry import dataset_names


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bakeoff.pipelines", description="Train classifiers on pictures.")
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dataset", default="photos", help=f"{', '.join(dataset_names())}, or a path to pictures")
    common.add_argument("--data-root", type=Path, help="folder of unpacked archives, e.g. cifar-10-batches-bin")
    common.add_argument("--image-size", type=int, help="side in pixels that a folder's pictures are brought to (32)")
    common.add_argument(
        "--max-skipped", type=float, default=5.0, help="percent of a folder's pictures that may be unusable (5)"
    )
    common.add_argument("--max-pixels", type=int, default=MAX_PIXELS, help="larger pictures are refused, undecoded")
    common.add_argument("--seed", type=int, default=0, help="seed of everything random")
    common.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder for cache and runs")
    common.add_argument("--scheduler", default="", help="of Dask, such as tcp://host:8786: its workers share the work")
    extractor = commands.add_parser("features", parents=[common], help="extract and cache hand-crafted features")
    extractor.add_argument("experiments", nargs="*", default=["hand-crafted"], metavar="experiment")
    trainer = commands.add_parser("train", parents=[common], help="train experiments and save their runs")
    trainer.add_argument("experiments", nargs="*", metavar="experiment", help="names or groups (see `list`)")
    trainer.add_argument("--tensorboard", action="store_true", help="write logs to artifacts/tensorboard")
    commands.add_parser("guests", parents=[common], help="add published models to saved runs, as `train` does too")
    predictor = commands.add_parser("predict", parents=[common], help="name the class of pictures by a trained model")
    predictor.add_argument("model", help="an experiment that was trained, a run's folder, or a model file")
    predictor.add_argument("images", nargs="+", metavar="image", help="a picture, or a folder of pictures")
    predictor.add_argument("--json", action="store_true", help="for machines")
    exporter = commands.add_parser("export", parents=[common], help="write a net as ONNX, checked against torch")
    exporter.add_argument("model", help="an experiment that was trained, a run's folder, or a model file")
    exporter.add_argument("images", nargs="*", metavar="image", help="pictures to check it with (its test pictures)")
    studier = commands.add_parser("study", parents=[common], help="what takes several trainings or changed pictures")
    studier.add_argument("studies", nargs="*", metavar="study", help="names; none stands for all of the profile")
    studier.add_argument("--profile", choices=("quick", "full"), default="full", help="how much is done (full)")
    studier.add_argument("--experiments", nargs="+", default=(), help="names or groups to study (the study's own)")
    commands.add_parser("list", help="list every experiment")
    sweeper = commands.add_parser("sweep", parents=[common], help="train a ready sweep over small perceptrons")
    sweeper.add_argument("sweep", help="regularization, activation, depth or width")
    parser.set_defaults(tensorboard=False)
    return parser
