import pytest

from bakeoff.reports.canvas import formats


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        (formats.percent, 0.8734, "87.3 %"),
        (formats.percent_range, (0.5, 0.625), "50.0–62.5 %"),
        (formats.points, -0.0123, "−1.2"),
        (formats.points, 0.0004, "0.0"),
        (formats.points_range, (-0.01, 0.02), "−1.0 to +2.0"),
        (formats.p_value, 0.0004, "p < 0.001"),
        (formats.p_value, 0.0312, "p = 0.031"),
        (formats.p_value, 0.5, "p = 0.50"),
        (formats.seconds, 0.0042, "4 ms"),
        (formats.seconds, 12.34, "12 s"),
        (formats.seconds, 372, "6.2 min"),
        (formats.seconds, 99.7, "1.7 min"),
        (formats.seconds, 7200, "2.0 h"),
        (formats.bytes_size, 0, "0 B"),
        (formats.bytes_size, 1_234, "1.2 kB"),
        (formats.bytes_size, 350_000_000, "350 MB"),
        (formats.count, 33_792, "33,792"),
        (formats.count, 1_240_000, "1.24 M"),
        (formats.ratio, 3.14159, "3.1"),
        (formats.ratio, 250.3, "250"),
        (formats.ratio, 0.0342, "0.034"),
        (formats.short, "a very long class\nname indeed", "a very long class…"),
        (formats.listing, ["a", "b", "c"], "a, b and c"),
    ],
)
def test_numbers_read_well(function, value, text):
    assert function(value).replace("\N{NO-BREAK SPACE}", " ") == text


def test_plural_follows_the_number():
    assert formats.plural(1, "seed") == "1 seed"
    assert formats.plural(1200, "picture") == "1,200 pictures"


def test_a_plural_of_class_is_classes():
    assert [formats.plural(n, "class") for n in (1, 10)] == ["1 class", "10 classes"]
