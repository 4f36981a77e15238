"""Command line: `bakeoff report ~/pictures`, or `python -m bakeoff`; it hands what was computed to the reports."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace


def main(arguments: Sequence[str] | None = None) -> int:
    earlier = signal.signal(signal.SIGINT, stop)
    from bakeoff.pipelines.__main__ import main as run
    from bakeoff.reports.arguments import options_of_commands

    signal.signal(signal.SIGINT, earlier)
    finish = {
        "train": describe,
        "report": report,
        "compare": report,
        "report-saved": report,
        "publish": publish,
        "lecture": lecture,
    }
    return run(arguments, reporting=options_of_commands(), finish=finish)


def stop(*_: object) -> None:
    """Ctrl-C while libraries are imported, which would make a traceback of it."""
    os.write(2, b"\nstopped\n")
    os._exit(130)


def report(options: Namespace) -> int:
    from bakeoff.reports.commands import report as write

    return write(options)


def describe(options: Namespace) -> int:
    from bakeoff.reports.commands import write_model_cards

    return write_model_cards(options)


def publish(options: Namespace) -> int:
    from bakeoff.reports.commands import publish_runs

    return publish_runs(options)


def lecture(options: Namespace) -> int:
    from bakeoff.reports.lecture.page import draw_lecture

    return draw_lecture(options.artifacts / "lecture")


if __name__ == "__main__":
    sys.exit(main())
