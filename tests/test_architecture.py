"""Imports point one way: datasets <- pipelines <- reports, and the approaches never see each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("datasets", "pipelines", "reports", "benchmarks")
CONTRACTS = (
    "bakeoff.pipelines.results.run",
    "bakeoff.pipelines.results.study",
    "bakeoff.pipelines.results.guest",
    "bakeoff.pipelines.results.files",
)
RESIZING = ("bakeoff.datasets.folder.squares",)  # by torch, which it imports only when there is something to resize
SHARED = (
    "bakeoff.pipelines.results.run",
    "bakeoff.pipelines.results.files",
    "bakeoff.pipelines.machine.cache",
    "bakeoff.pipelines.machine.cores",
    "bakeoff.pipelines.machine.workspace",
    "bakeoff.pipelines.machine.stopwatch",
    "bakeoff.pipelines.results.fitted_values",
    "bakeoff.pipelines.results.configuration",
    "bakeoff.pipelines.results.model",
    "bakeoff.pipelines.results.trained_model",
    "bakeoff.pipelines.machine.chunk_map",
    "bakeoff.pipelines.machine.cluster",
    "bakeoff.pipelines.machine.latency",
)

# package -> what else of ours it may import. The longest matching package decides.
ALLOWED = {
    "datasets": (),
    "pipelines": SHARED,
    "bakeoff.pipelines.classic": ("datasets", *SHARED),
    "bakeoff.pipelines.neural": ("datasets", *SHARED),
    "bakeoff.pipelines.backprop": ("datasets", *SHARED),
    "bakeoff.pipelines.lecture": (
        "datasets",
        "bakeoff.pipelines.backprop",
        "bakeoff.pipelines.classic",
        "bakeoff.pipelines.results.files",
    ),
    "bakeoff.pipelines.experiments": ("datasets", "pipelines"),
    "bakeoff.pipelines.predict.models": ("datasets", "pipelines"),
    "bakeoff.pipelines.predict": ("datasets", "pipelines"),
    "bakeoff.pipelines.studies": ("datasets", "pipelines"),
    "bakeoff.pipelines.studies.published_guests": ("datasets", "bakeoff.pipelines.results.guest", *SHARED),
    "bakeoff.pipelines.__main__": ("datasets", "pipelines"),
    "bakeoff.pipelines.arguments": ("datasets",),
    "bakeoff.pipelines.commands": ("datasets", "pipelines"),
    "reports": CONTRACTS,
    "benchmarks": ("datasets", "pipelines"),
}
SOURCES = sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def belongs(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def room_of(module: str) -> str:
    return max((package for package in ALLOWED if belongs(module, package)), key=len)


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_imports_point_in_the_allowed_direction(path):
    room = room_of(module_name(path))
    allowed = (room, *ALLOWED[room])
    ours = {name for name in imported_modules(path) if name.split(".")[0] in OURS}
    wrong = sorted(name for name in ours if not any(belongs(name, package) for package in allowed))
    assert not wrong, f"{module_name(path)} may import {allowed}, but imports {wrong}"


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_heavy_libraries_stay_in_their_room(path):
    imported = {name.split(".")[0] for name in imported_modules(path)}
    room = room_of(module_name(path))
    assert "matplotlib" not in imported or room == "reports"
    assert "torch" not in imported or room.startswith(("pipelines", "benchmarks")) or module_name(path) in RESIZING


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_contracts_need_only_numpy_and_the_standard_library(contract):
    path = ROOT.joinpath(*contract.split(".")).with_suffix(".py")
    third_party = {name.split(".")[0] for name in imported_modules(path)}
    assert third_party.isdisjoint({"torch", "sklearn", "skimage", "cv2", "rich", "scipy", "matplotlib"})


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_only_pipelines_and_the_command_line_touch_the_clock_and_the_cache(path):
    module = module_name(path)
    if not module.startswith(("bakeoff.pipelines.classic", "bakeoff.pipelines.neural", "bakeoff.pipelines.backprop")):
        pytest.skip("not an approach")
    effects = {
        name
        for name in imported_modules(path)
        if name.split(".")[0] == "time" or "bakeoff.pipelines.machine.cache" in name
    }
    assert not effects or module.endswith(".pipeline")
