"""Versions: every package that an installation brings is pinned, and the lock has the hashes of these very versions."""

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PINNED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)
BRINGS_ALL = {"nvidia", "triton"}  # torch's own, of its CUDA builds alone


def pins(file: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PINNED.findall((ROOT / file).read_text())}


def needed(package: str, extras: set[str], found: dict[str, set[str]]) -> None:
    """All that a package brings along on this machine, into found."""
    if extras <= found.setdefault(package, {""}) and len(found[package]) > 1:
        return
    found[package] |= extras | {"seen"}
    try:
        lines = requires(package) or []
    except PackageNotFoundError:  # of an extra that is not installed here
        return
    for requirement in map(Requirement, lines):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in found[package]):
            needed(canonicalize_name(requirement.name), set(requirement.extras), found)


def test_every_package_that_is_installed_is_pinned():
    found: dict[str, set[str]] = {}
    needed("bakeoff", {"dev", "bench"}, found)
    assert len(found) > 60
    missing = {name for name in found if name.partition("-")[0] not in BRINGS_ALL} - pins("constraints.txt").keys()
    assert missing - {"bakeoff"} == set()


def test_the_lock_has_the_pinned_versions_and_a_hash_of_each():
    wanted = pins("constraints.txt")
    del wanted["torch"]
    assert pins("requirements.lock") == wanted
    entries = re.split(r"\n(?=\w)", (ROOT / "requirements.lock").read_text().strip())
    assert len(entries) == len(wanted)
    assert all("--hash=sha256:" in entry for entry in entries)
