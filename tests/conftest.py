"""Tests work on small arrays, where a second thread costs more than it brings, on a busy machine many times more."""

import torch

torch.set_num_threads(1)
