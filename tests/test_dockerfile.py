"""The image is built from all files that the package holds."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_nothing_that_the_package_holds_is_kept_out_of_the_image():
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {name: ROOT.joinpath(*name.split(".")[1:]) for name in tools["package-data"]}
    data = [
        path for name, patterns in tools["package-data"].items() for p in patterns for path in folders[name].glob(p)
    ]
    assert len(data) > 20
    ignored = (ROOT / ".dockerignore").read_text().split()
    for path in (path.relative_to(ROOT) for path in data):
        assert not [pattern for pattern in ignored for part in (path, *path.parents) if fnmatch(str(part), pattern)], (
            path
        )
