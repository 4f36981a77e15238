import pytest

from bakeoff.reports.lecture.panels import number, scientific


@pytest.mark.parametrize(("value", "text"), [(-4.0, "−4"), (-0.1966, "−0.20"), (1.0, "1"), (0.0, "0"), (10.5, "10.50")])
def test_number(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1000.0, "10³"),
        (0.003, "3 × 10⁻³"),
        (0.0123, "1.2 × 10⁻²"),
        (0.1, "0.1"),
        (10.0, "10"),
        (1e-10, "10⁻¹⁰"),
    ],
)
def test_scientific(value, text):
    assert scientific(value) == text
