"""Forward mode: a derivative that travels with its value."""

from __future__ import annotations

import operator
from functools import reduce
from typing import Any

from bakeoff.pipelines.backprop.arrays import Array, Operation, Value, Values


class Dual(Array):
    """A value and its derivative in the direction that is being followed."""

    __slots__ = ("tangent",)

    def __init__(self, value: Value, level: int, tangent: Value) -> None:
        super().__init__(value, level)
        self.tangent = tangent

    def extend(self, result: Value, operation: Operation, arguments: Values, values: Values, settings: Any) -> Dual:
        """The chain rule, from the inputs on: the sum over the arguments of Jacobian times tangent."""
        contributions = (
            operation.jvp(i, argument.tangent, result, *values, **settings)
            for i, argument in enumerate(arguments)
            if isinstance(argument, Dual) and argument.level == self.level
        )
        return Dual(result, self.level, reduce(operator.add, contributions))
