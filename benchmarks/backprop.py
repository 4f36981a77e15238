"""Our back-propagation against torch: one training step of a perceptron, the same arithmetic.

Steps of SGD with momentum on the softmax cross-entropy + L2, float32, both with torch's threads. The error is the
largest difference of any parameter after the first step.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch.nn import functional

from bakeoff.benchmarks.bench import Measurement, compare
from bakeoff.pipelines.backprop.differentiate import leaves
from bakeoff.pipelines.backprop.nets import Momentum, initialize_layers, mlp_objective, training_steps

SETTINGS = (((3072, 512, 256, 10), 256),)  # widths, pictures a step
LEARNING_RATE, MOMENTUM, L2 = 1e-3, 0.9, 1e-4


def measure(widths: tuple[int, ...], batch: int) -> Measurement:
    rng = np.random.default_rng(0)
    layers = initialize_layers(widths, rng)
    x = rng.standard_normal((batch, widths[0])).astype(np.float32)
    labels = rng.integers(0, widths[-1], batch)
    parameters = [torch.tensor(array, requires_grad=True) for array in leaves(layers)]
    optimizer, objective = Momentum(leaves(layers), MOMENTUM), mlp_objective(l2=L2)
    n_threads = torch.get_num_threads()
    # Forward, gradient of the weights; every layer but the first also the gradient of its input.
    sizes = [n_in * n_out for n_in, n_out in pairwise(widths)]
    with threadpool_limits(n_threads, user_api="blas"):  # torch keeps its own count
        return compare(
            f"training step {'-'.join(map(str, widths))}, batch {batch}, {n_threads} threads",
            lambda: next(training_steps(layers, objective, optimizer, [(x, labels)], iter([LEARNING_RATE]))),
            "torch autograd + SGD",
            _torch_step(parameters, torch.tensor(x), torch.tensor(labels)),
            lambda *_: max(
                float(np.abs(array - tensor.detach().numpy()).max())
                for array, tensor in zip(leaves(layers), parameters, strict=True)
            ),
            operations=2 * batch * (3 * sum(sizes) - sizes[0]),
        )


def _torch_step(parameters: list[torch.Tensor], x: torch.Tensor, labels: torch.Tensor) -> Callable[[], float]:
    weights, biases = parameters[::2], parameters[1::2]
    optimizer = torch.optim.SGD(parameters, lr=LEARNING_RATE, momentum=MOMENTUM)

    def step() -> float:
        h = x
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            h = torch.relu(torch.addmm(b, h, w))
        scores = torch.addmm(biases[-1], h, weights[-1])
        loss = functional.cross_entropy(scores, labels) + L2 / 2 * sum(w.square().sum() for w in weights)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step
