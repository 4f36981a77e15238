"""Our own back-propagation: derivatives of functions of numpy arrays, in both modes and to any order.

Reading order: arrays, graph and forward_mode (what a box is), rules and operations (the table), differentiate (what
one asks for), gradient_check (why to believe it); then functions, training and pipeline (a net, and a run).
"""

from bakeoff.pipelines.backprop import operations  # fills the table that the operators look into
from bakeoff.pipelines.backprop.differentiate import grad, hessian_vector_product, jvp, value_and_grad, vjp

__all__ = ["grad", "hessian_vector_product", "jvp", "operations", "value_and_grad", "vjp"]
