"""Lists the packages below the checkout, which is itself the package `bakeoff`; all else stands in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[
        "bakeoff",
        *(f"bakeoff.{name}" for name in find_packages(include=["datasets*", "pipelines*", "reports*", "benchmarks*"])),
    ]
)
