"""Make `.venv` and install what pyproject.toml asks for, in the versions that constraints.txt pins.

Run by `make setup`; standard library only, because nothing else is installed yet.
"""

import argparse
import difflib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
CONSTRAINTS = ROOT / "constraints.txt"
READY = ENVIRONMENT / "ready"  # written last, so that a killed installation is made again
READY_TO_DEVELOP = ENVIRONMENT / "ready-to-develop"
USERS, DEVELOPERS = "distributed,onnx,tensorboard", "dev,bench"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--develop", action="store_true", help="what the tests need, too")
    parser.add_argument("--misspelled", action="store_true", help="tell of variables that make does not know")
    arguments = parser.parse_args()
    if arguments.misspelled:
        sys.exit(misspelled(os.environ["UNKNOWN"].split(), os.environ["VARIABLES"].split()))
    if sys.version_info < (3, 11):  # noqa: UP036 - an older one may well run this file
        sys.exit(f"error: Python 3.11 or newer is needed, this is {sys.version.split()[0]}: make setup PY=python3.12")
    if not (ENVIRONMENT / "bin" / "python").exists():
        print("Making .venv ...", flush=True)
        venv.create(ENVIRONMENT, with_pip=True)
    if not installed("torch"):
        install_torch(os.environ.get("TORCH_INDEX", ""))
    rest = "what tests need (pytest, mypy ...)" if arguments.develop else "the rest (numpy, scikit-learn, OpenCV ...)"
    print(f"Installing {rest}", flush=True)
    extras = DEVELOPERS if arguments.develop else USERS
    pip("install", "--quiet", "--constraint", str(CONSTRAINTS), "--editable", f"{ROOT}[{extras}]")
    link = ENVIRONMENT / "src" / "bakeoff"  # the checkout under its package's name: mypy knows no other way to it
    link.parent.mkdir(exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(ROOT, target_is_directory=True)
    (READY_TO_DEVELOP if arguments.develop else READY).touch()


def misspelled(unknown: list[str], known: list[str]) -> str:
    """One line that names the nearest variable."""
    near = difflib.get_close_matches(unknown[0].upper(), known, 1, 0)[0]
    return f"error: there is no variable {unknown[0]}, did you mean {near}? (`make help` lists them)"


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
