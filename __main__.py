"""Command line: `bakeoff report ~/pictures`, or `python -m bakeoff`; it hands what was computed to the reports."""

import os
import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    earlier = signal.signal(signal.SIGINT, stop)
    from bakeoff.pipelines.__main__ import main as run
    from bakeoff.pipelines.command_line.commands import in_module, kept_lecture

    signal.signal(signal.SIGINT, earlier)
    finish = {
        "train": in_module("reports.commands", "write_model_cards"),
        "report": in_module("reports.commands", "report"),
        "compare": in_module("reports.commands", "report"),
        "report-saved": in_module("reports.commands", "report"),
        "publish": in_module("reports.commands", "publish_runs"),
        "lecture": lambda options: in_module("reports.lecture.page", "draw_lecture")(
            options.artifacts / "lecture", kept_lecture(options.artifacts)
        ),
    }
    return run(arguments, finish)


def stop(*_: object) -> None:
    """Ctrl-C while libraries are imported, which would make a traceback of it."""
    os.write(2, b"\nstopped\n")
    os._exit(130)


if __name__ == "__main__":
    sys.exit(main())
