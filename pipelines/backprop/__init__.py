"""Automatic differentiation of functions of numpy arrays: reverse and forward mode, nested to any order, on the CPU.

    >>> import numpy as np
    >>> from bakeoff.pipelines.backprop import grad, hessian_vector_product, operations as ops
    >>> def loss(weights, x, y):
    ...     return ops.mean((ops.tanh(x @ weights) - y) ** 2)
    >>> weights, x, y = np.array([0.5, -1.0]), np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([0.0, 1.0])
    >>> grad(loss)(weights, x, y).round(3)
    array([-0.165, -0.327])
    >>> hessian_vector_product(loss, weights, np.array([1.0, 0.0]), x, y).round(3)
    array([-0.251, -0.531])

docs/engine.md says what it is and what it is not. The library, in the order to read it: arrays, rules, primitives,
operations, differentiate, gradient_check. The net on it: nets, pipeline.
"""

from bakeoff.pipelines.backprop import operations  # fills the table that the operators look into
from bakeoff.pipelines.backprop.differentiate import grad, hessian_vector_product, jvp, value_and_grad, vjp

__all__ = ["grad", "hessian_vector_product", "jvp", "operations", "value_and_grad", "vjp"]
