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
    from bakeoff.reports.arguments import report_options

    signal.signal(signal.SIGINT, earlier)
    return run(
        arguments, reporting=[report_options()], finish={"report": report, "compare": report, "lecture": lecture}
    )


def stop(*_: object) -> None:
    """Ctrl-C while libraries are imported, which would make a traceback of it."""
    os.write(2, b"\nstopped\n")
    os._exit(130)


def report(options: Namespace) -> int:
    from bakeoff.reports.__main__ import report as write

    options.runs, options.output = [options.artifacts / "runs"], options.artifacts / "reports"
    return write(options)


def lecture(options: Namespace) -> int:
    from bakeoff.reports.lecture.__main__ import main as draw

    return draw(["--output", str(options.artifacts / "lecture")])


if __name__ == "__main__":
    sys.exit(main())
