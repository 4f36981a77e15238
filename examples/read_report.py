"""A report read back: its answer, and each experiment with its interval and its cost."""

import sys
from pathlib import Path

import bakeoff

published = Path(bakeoff.__path__[0]) / "docs" / "results" / "cifar10"  # in a checkout
found = bakeoff.load_report(sys.argv[1] if len(sys.argv) > 1 else published)
print(found)
for row in found.table:
    low, high = row["accuracy_interval"]
    seconds = row["processor_seconds"]
    print(
        f"{row['experiment']:<32} {row['accuracy']:6.1%}  {low:.1%} to {high:.1%}  {seconds:8.0f} s of processor time"
    )
