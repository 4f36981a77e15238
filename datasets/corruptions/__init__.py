"""Pictures made worse: the common corruptions of CIFAR-10-C."""
