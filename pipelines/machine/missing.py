"""Packages that are not installed, and what to type: in a checkout, or beside a wheel."""

from pathlib import Path

CHECKOUT = Path(__file__).parents[2] / "constraints.txt"


def how_to_install(*packages: str) -> str:
    """The command, with the versions that a checkout pins."""
    pip = ".venv/bin/python -m pip install -c constraints.txt" if CHECKOUT.exists() else "pip install"
    return f"{pip} {' '.join(packages)}"
