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

It is a table of operations under numpy's names (`operations`), each with its Jacobian in both directions, and
functions put together from them; trees of parameters - tuples, lists, dicts - as arguments and results; errors that
name the operation and the shapes; and a check of any function against differences (`gradient_check`).

It is not a compiler, nor for GPUs, and it refuses complex numbers, in-place writes and functions of numpy that are
not in the table (it has no inverse, no eigenvalues). Where a function has a kink it takes one of the slopes in
between: 0 for |x|, norms and deviations at 0, half for each of two equal maxima.

Reading order: arrays, graph and forward_mode (what a box is), rules, elementwise, primitives and composites (the
table), differentiate (what one asks for), gradient_check (why to believe it); then functions, training, pipeline.
"""

from bakeoff.pipelines.backprop import operations  # fills the table that the operators look into
from bakeoff.pipelines.backprop.differentiate import grad, hessian_vector_product, jvp, value_and_grad, vjp

__all__ = ["grad", "hessian_vector_product", "jvp", "operations", "value_and_grad", "vjp"]
