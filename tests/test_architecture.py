"""Imports point one way: datasets <- pipelines <- reports, and the approaches never see each other."""

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("datasets", "pipelines", "reports", "benchmarks")
RESULTS, MACHINE = "pipelines.results", "pipelines.machine"

# package -> what else of ours it may import. The longest matching package decides.
ALLOWED = {
    "datasets": (),
    RESULTS: ("datasets",),
    MACHINE: ("datasets", RESULTS),
    "pipelines": ("datasets", "pipelines"),  # the commands and the tables know every approach
    "pipelines.classic": ("datasets", RESULTS, MACHINE),
    # Its features under the SVM of the ones, or its net under the training of the others.
    "pipelines.frozen": ("datasets", "pipelines.classic", "pipelines.neural", RESULTS, MACHINE),
    "pipelines.neural": ("datasets", RESULTS, MACHINE),
    "pipelines.backprop": ("datasets", RESULTS, MACHINE),
    "pipelines.lecture": ("datasets", "pipelines.backprop", "pipelines.classic", RESULTS),
    "pipelines.predict": ("datasets", "pipelines"),
    "pipelines.studies": ("datasets", "pipelines"),
    "reports": (RESULTS,),
    "benchmarks": ("datasets", "pipelines"),
}
CONTRACTS = ("balance", "run", "study", "guest", "files")  # of pipelines/results: what reports read
RESIZING = ("datasets.resizing",)  # by torch, which it imports only when there is something to resize
MOST_LINES = 250
THIRD_PARTY_KEPT_OUT = {"torch", "sklearn", "skimage", "cv2", "rich", "scipy", "matplotlib"}


@cache
def sources() -> tuple[tuple[str, set[str]], ...]:
    """Every module of ours with the names that it imports, `bakeoff.` taken off."""
    paths = sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return tuple(zip(names, map(imported_modules, paths), strict=True))


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("bakeoff.") for name in names}


def belongs(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def room_of(module: str) -> str:
    return max((package for package in ALLOWED if belongs(module, package)), key=len)


def test_imports_point_in_the_allowed_direction():
    for module, imported in sources():
        room = room_of(module)
        allowed = (room, *ALLOWED[room])
        ours = {name for name in imported if name.split(".")[0] in OURS}
        wrong = sorted(name for name in ours if not any(belongs(name, package) for package in allowed))
        assert not wrong, f"{module} may import {allowed}, but imports {wrong}"


def test_heavy_libraries_stay_in_their_room():
    for module, imported in sources():
        libraries = {name.split(".")[0] for name in imported}
        assert "matplotlib" not in libraries or belongs(module, "reports"), module
        with_torch = module.startswith(("pipelines", "benchmarks")) or module in RESIZING
        assert "torch" not in libraries or with_torch, module


def test_the_contracts_need_only_numpy_and_the_standard_library():
    found = dict(sources())
    for contract in CONTRACTS:
        third_party = {name.split(".")[0] for name in found[f"{RESULTS}.{contract}"]}
        assert third_party.isdisjoint(THIRD_PARTY_KEPT_OUT), contract


def test_nothing_that_only_unix_has_is_imported_with_a_module():
    for path in sorted(path for package in OURS for path in (ROOT / package).rglob("*.py")):
        at_import = {
            (alias.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert at_import.isdisjoint({"fcntl", "resource", "pwd", "grp", "termios", "pty"}), path


def test_a_file_is_read_in_one_sitting():
    folders = (*OURS, "examples", "docs")
    paths = [*ROOT.glob("*.py"), *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    assert len(paths) > 200
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}


PACKAGES = ("datasets", "pipelines", "pipelines.classic", "pipelines.neural", "reports")
# Rooms, floors, arrows.
MOST = {"pipelines": (12, 7, 40), "pipelines.classic": (12, 6, 26)}


def rooms_of(package: str) -> dict[str, set[str]]:
    """room -> the rooms that it imports; a room is a sub-package or a loose module of the package."""
    place = ROOT.joinpath(*package.split("."))
    rooms = {path.stem for path in place.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    imports: dict[str, set[str]] = {room: set() for room in rooms if not room.startswith("__")}
    for module, imported in sources():
        room = next((room for room in imports if belongs(module, f"{package}.{room}")), None)
        if room is not None:
            imports[room] |= {other for other in imports for name in imported if belongs(name, f"{package}.{other}")}
            imports[room] -= {room}
    return imports


@pytest.mark.parametrize("package", PACKAGES)
def test_rooms_of_a_package_never_import_each_other_both_ways(package):
    TopologicalSorter(rooms_of(package)).prepare()  # raises CycleError, naming the rooms, also for a longer way round


@pytest.mark.parametrize("package", MOST)
def test_a_house_has_few_rooms_floors_and_arrows(package):
    imports = rooms_of(package)
    floors: dict[str, int] = {}
    for room in TopologicalSorter(imports).static_order():
        floors[room] = 1 + max((floors[other] for other in imports[room]), default=0)
    n_arrows = sum(map(len, imports.values()))
    most_rooms, most_floors, most_arrows = MOST[package]
    assert len(imports) <= most_rooms, sorted(imports)
    assert max(floors.values()) <= most_floors, floors
    assert n_arrows <= most_arrows, imports
