"""Lists the packages below the checkout, which is itself the package `bakeoff`; all else stands in pyproject.toml."""

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

PARTS = ["datasets*", "pipelines*", "reports*", "benchmarks*"]


class Modules(build_py):
    """All but the two files beside the package's own that only a checkout needs."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        return [m for m in super().find_package_modules(package, package_dir) if m[1] not in ("setup", "install")]


setup(
    packages=["bakeoff", *(f"bakeoff.{name}" for name in find_packages(include=PARTS))],
    cmdclass={"build_py": Modules},
)
