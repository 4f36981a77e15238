"""Pictures made worse: the common corruptions of CIFAR-10-C, and sweeps of one change at a time."""
