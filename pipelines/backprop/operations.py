"""The table of operations: what has a derivative, on numpy arrays and boxes alike, under numpy's names.

`from ... import *` brings all but `sum`, `max` and `min`, which would hide Python's own.
"""

import builtins

from bakeoff.pipelines.backprop.arrays import FUNCTIONS
from bakeoff.pipelines.backprop.composites import *  # noqa: F403
from bakeoff.pipelines.backprop.elementwise import *  # noqa: F403
from bakeoff.pipelines.backprop.primitives import *  # noqa: F403

__all__ = [name for name in FUNCTIONS if not hasattr(builtins, name)]
