import numpy as np

from bakeoff.pipelines.lecture.activations import differentiate_activations


def test_values_and_slopes_are_those_of_the_formulas():
    result = differentiate_activations(n=40)  # an even number: 0, where some have a kink, is not among them
    x, small = result.x, np.exp(result.x)
    logistic = 1 / (1 + 1 / small)
    first, second = -0.5 * x - 0.5, 0.8 * x
    expected = {
        "sigmoid": (logistic, logistic * (1 - logistic)),
        "tanh": (np.tanh(x), 1 - np.tanh(x) ** 2),
        "ReLU": (np.where(x > 0, x, 0), x > 0),
        "leaky ReLU": (np.where(x > 0, x, 0.01 * x), np.where(x > 0, 1, 0.01)),
        "maxout": (np.maximum(first, second), np.where(first > second, -0.5, 0.8)),
        "ELU": (np.where(x > 0, x, small - 1), np.where(x > 0, 1, small)),
    }
    assert list(result.names) == list(expected)
    np.testing.assert_allclose(result.values, [value for value, _ in expected.values()], atol=1e-12)
    np.testing.assert_allclose(result.slopes, [slope for _, slope in expected.values()], atol=1e-12)
