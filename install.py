"""Make `.venv` and install what pyproject.toml asks for, in the versions that constraints.txt pins.

Run by `make setup`; standard library only, because nothing else is installed yet.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
CONSTRAINTS = ROOT / "constraints.txt"
READY = ENVIRONMENT / "ready"  # written last, so that a killed installation is made again


def main() -> None:
    arguments = parse_arguments()
    if sys.version_info < (3, 11):  # noqa: UP036 - an older one may well run this file
        sys.exit(f"error: Python 3.11 or newer is needed, this is {sys.version.split()[0]}: make setup PY=python3.12")
    if not (ENVIRONMENT / "bin" / "python").exists():
        print("Making .venv ...", flush=True)
        venv.create(ENVIRONMENT, with_pip=True)
    if not installed("torch"):
        install_torch(arguments.torch_index)
    print("Installing the rest (numpy, scikit-learn, scikit-image, OpenCV ...)", flush=True)
    pip("install", "--quiet", "--constraint", str(CONSTRAINTS), "--editable", f"{ROOT}[dev,bench]")
    link_checkout()
    READY.touch()


def link_checkout() -> None:
    """`.venv/src/bakeoff` is the checkout under its package's name: mypy knows no other way to it."""
    link = ENVIRONMENT / "src" / "bakeoff"
    link.parent.mkdir(exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(ROOT, target_is_directory=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch-index", default="", help="package index for torch alone (CPU or CUDA builds)")
    return parser.parse_args()


def install_torch(index: str) -> None:
    """Torch first and alone: its default wheel on Linux may bring gigabytes of CUDA, so say so before it starts."""
    pinned = next(line for line in CONSTRAINTS.read_text().splitlines() if line.startswith("torch=="))
    if sys.platform == "linux" and not index and not os.environ.get("PIP_FIND_LINKS"):
        print(
            f"Installing {pinned} from pip's default index. On Linux that build can bring 2.7 GB of CUDA libraries;\n"
            "to take the 200 MB CPU build instead: stop, then make setup TORCH_INDEX=<the CPU index on PyTorch's"
            ' "Get started" page>.',
            flush=True,
        )
    else:
        print(f"Installing {pinned} ...", flush=True)
    pip("install", "--quiet", "--constraint", str(CONSTRAINTS), *(["--index-url", index] if index else []), pinned)


def installed(package: str) -> bool:
    return pip("show", "--quiet", package, check=False).returncode == 0


def pip(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    command = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", *arguments]
    try:
        return subprocess.run(command, check=check, stderr=None if check else subprocess.DEVNULL)
    except subprocess.CalledProcessError:
        sys.exit("error: pip could not install the packages (its lines above say why): check the network, run again")


if __name__ == "__main__":
    main()
