import jinja2
import numpy as np
import pytest

from bakeoff.reports.lecture.text import fill, number, scientific, to_html, to_mathml, to_plain


@pytest.mark.parametrize(
    ("latex", "inner"),
    [
        ("x_1^2", "<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>"),
        (r"\frac{a}{2}", "<mfrac><mrow><mi>a</mi></mrow><mrow><mn>2</mn></mrow></mfrac>"),
        (r"\sum_i w", "<munder><mo>∑</mo><mi>i</mi></munder><mi>w</mi>"),
        (r"e^{-x}", "<msup><mi>e</mi><mrow><mo>−</mo><mi>x</mi></mrow></msup>"),
        (r"\text{net} < \mathbb{R}", "<mtext>net</mtext><mo>&lt;</mo><mi>ℝ</mi>"),
    ],
)
def test_formulas(latex, inner):
    assert to_mathml(latex) == f'<math xmlns="http://www.w3.org/1998/Math/MathML">{inner}</math>'


def test_an_unknown_command_is_named():
    with pytest.raises(ValueError, match=r"the formula has \\integral"):
        to_mathml(r"\integral x")


def test_display_formulas_fall_into_pieces_that_can_wrap():
    assert to_html(r"$$ a, \qquad b $$").count("<math") == 2
    assert "<p>so <math" in to_html("so $x$")


def test_numbers_of_the_chapter():
    filled = fill(
        "{{ a | percent }}, {{ b | number(1) }}, {{ c | count }}", {"a": np.float64(0.5), "b": -1.25, "c": 1e4}
    )
    assert filled.replace("\N{NO-BREAK SPACE}", " ") == "50.0 %, −1.2, 10,000"
    with pytest.raises(jinja2.UndefinedError):
        fill("{{ missing }}", {})


def test_plain_text_has_no_marks():
    assert to_plain("a *b* `c` <b>d</b> $e$") == "a b c d e"


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
