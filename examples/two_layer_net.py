"""A two-layer net, y = max(0, x W1) W2, fitted to random targets by gradient descent: its gradient in five lines."""

import numpy as np

rng = np.random.default_rng(0)
x, y = rng.standard_normal((64, 1000)), rng.standard_normal((64, 10))
w1, w2 = rng.standard_normal((1000, 100)) / 1000**0.5, rng.standard_normal((100, 10)) / 100**0.5
losses = []
for _ in range(500):
    hidden = np.maximum(0, x @ w1)
    error = hidden @ w2 - y
    losses.append(np.sum(error**2) / len(x))
    grad_prediction = 2 * error / len(x)
    grad_w2 = hidden.T @ grad_prediction
    grad_hidden = grad_prediction @ w2.T
    grad_w1 = x.T @ (grad_hidden * (hidden > 0))
    w1, w2 = w1 - 0.01 * grad_w1, w2 - 0.01 * grad_w2
print(f"squared error of a target {losses[0]:.2f} -> {losses[-1]:.2e}")
