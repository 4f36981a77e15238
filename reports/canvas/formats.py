"""Number formats for readers. No-break spaces keep a number and its unit on one line."""

from collections.abc import Sequence

SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"


def percent(share: float) -> str:
    """0.873 -> "87.3 %"."""
    return f"{100 * share:.1f}{SPACE}%"


def percent_range(interval: tuple[float, float]) -> str:
    """(0.851, 0.893) -> "85.1–89.3 %"."""
    return f"{100 * interval[0]:.1f}–{100 * interval[1]:.1f}{SPACE}%"


def points(share: float, *, signed: bool = True) -> str:
    """0.0213 -> "+2.1": a difference of accuracies in percentage points."""
    value = round(100 * share, 1)
    sign = MINUS if value < 0 else "+" if value > 0 and signed else ""
    return f"{sign}{abs(value):.1f}"


def in_points(share: float, *, signed: bool = False) -> str:
    """0.0213 -> "2.1 points"."""
    return f"{points(share, signed=signed)}{SPACE}points"


def points_range(interval: tuple[float, float]) -> str:
    """(-0.012, 0.034) -> "−1.2 to +3.4"."""
    return f"{points(interval[0])} to {points(interval[1])}"


def points_and_range(share: float, interval: tuple[float, float]) -> str:
    """0.0213, (-0.012, 0.034) -> "+2.1 points (−1.2 to +3.4)"."""
    return f"{in_points(share, signed=True)} ({points_range(interval)})"


def p_value(p: float) -> str:
    """0.0312 -> "p = 0.031"; below 0.001 only that."""
    return f"p{SPACE}{p_number(p)}" if p < 0.001 else f"p{SPACE}={SPACE}{p_number(p)}"


def p_number(p: float) -> str:
    """0.0312 -> "0.031"; below 0.001 "< 0.001"."""
    if p < 0.001:
        return f"<{SPACE}0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def seconds(value: float) -> str:
    """0.0042 -> "4 ms", 12.34 -> "12 s", 372 -> "6.2 min", 5000 -> "1.4 h"."""
    if value < 0.9995:
        return f"{1000 * value:.0f}{SPACE}ms" if value >= 0.001 else f"{1000 * value:.2g}{SPACE}ms"
    if value < 99.5:
        return f"{value:.1f}{SPACE}s" if value < 9.95 else f"{value:.0f}{SPACE}s"
    return f"{value / 60:.1f}{SPACE}min" if value < 5970 else f"{value / 3600:.1f}{SPACE}h"


def bytes_size(value: float) -> str:
    """123456 -> "123 kB" (powers of 1000)."""
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f}{SPACE}{unit}" if value >= 9.95 or unit == "B" else f"{value:.1f}{SPACE}{unit}"


def count(value: float) -> str:
    """33792 -> "33,792"; from a million on "1.24 M"."""
    if value >= 1e6:
        return f"{value / 1e6:.3g}{SPACE}M" if value < 1e9 else f"{value / 1e9:.3g}{SPACE}G"
    return f"{value:,.0f}"


def ratio(value: float) -> str:
    """3.14159 -> "3.1", 0.034 -> "0.034", 250.3 -> "250": two significant digits or all whole ones."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}" if value < 1 else f"{value:.1f}"


def short(name: str, length: int = 18) -> str:
    """One line of at most `length` characters, for the tick labels of a figure."""
    line = " ".join(name.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def listing(names: Sequence[str], word: str = "and") -> str:
    """["a", "b", "c"] -> "a, b and c"; nothing for none."""
    return "".join(names) if len(names) < 2 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def plural(number: int, noun: str) -> str:
    """(1, "seed") -> "1 seed", (3, "seed") -> "3 seeds", (2, "class") -> "2 classes"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}{'es' if noun.endswith('s') else 's'}"
