"""Compiles the rooms that work for every block, when a wheel is built and the environment asks for it.

    ZOTA_COMPILED=1 python -m hatchling build -t wheel

Without that variable the wheel is what it always was: sources alone, for every machine. With it mypyc
makes one library of the modules that ``ota_engine.cores`` lists, and the wheel is for this machine and
this Python. The sources stay in it: a traceback shows them, and an interpreter for which the library
is not, runs them. Nothing is compiled inside the source tree: mypyc works in a copy.

Knows how modules are compiled and put into a wheel, and nothing of what they do. hatchling runs it,
which finds it by path.
"""

import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VARIABLE: Final = "ZOTA_COMPILED"
OPTIMISED: Final = "ZOTA_COMPILED_LEVEL"  # of the C compiler, 0 to 3
PACKAGES: Final = ("images", "ota_engine", "emulators", "hw")
NEEDED: Final = ("mypy[mypyc]>=1.13",)
#: The types of what is compiled are checked by ``make lint``; here they only have to be known.
MYPY: Final = ("--follow-imports=silent", "--ignore-missing-imports", "--allow-untyped-calls")
LIBRARY: Final = "zota_cores"
#: Of compilers that take options as gcc does. All that calls what is compiled is in the one library, or
#: comes in by its table of modules: nothing else need find its functions, and they may be called, or
#: laid into each other, without looking them up. What they call of Python's library, some hundreds of
#: times for a block, is called without a stub between.
DIRECT: Final = ("-fvisibility=hidden", "-fno-semantic-interposition", "-fno-plt")
AS_ONE: Final = "-flto=auto"  # of gcc, which brings what links so; others may lack it


class CompiledCores(BuildHookInterface[Any]):
    """Puts compiled modules beside their sources."""

    def dependencies(self) -> list[str]:
        """What the build needs besides hatchling."""
        return list(NEEDED) if wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile for a wheel; an editable installation runs its sources."""
        if not wanted() or version == "editable":
            return
        copy = Path(tempfile.mkdtemp(prefix="zota-cores-"))
        self._copy = copy
        for package in PACKAGES:
            shutil.copytree(Path(self.root, package), copy / package, copy_function=shutil.copy2)
        subprocess.run([sys.executable, str(Path(__file__).resolve())], cwd=copy, check=True)
        made = {str(path): str(path.relative_to(copy)) for path in libraries(copy)}
        build_data["force_include"].update(made)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the copy."""
        copy = getattr(self, "_copy", None)
        if copy is not None:
            shutil.rmtree(copy)


def wanted() -> bool:
    """Whether the environment asks for compiled cores."""
    return os.environ.get(VARIABLE, "0") not in {"", "0"}


def modules(root: Path) -> list[str]:
    """The files to compile, relative to the root of the packages."""
    named = runpy.run_path(str(root / "ota_engine" / "cores.py"))
    found: list[str] = []
    for room in named["ROOMS"]:
        path = root / room.replace(".", "/")
        inside = sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
        found += (str(file.relative_to(root)) for file in inside if file.name != "__init__.py")
    tables = {f"{name.replace('.', '/')}.py" for name in named["TABLES"]}
    return [path for path in found if path not in tables]


def libraries(root: Path) -> Iterable[Path]:
    """What the compiler left beside the sources."""
    return (path for suffix in ("so", "pyd") for path in root.rglob(f"*.{suffix}"))


def direct() -> tuple[str, ...]:
    """What this machine's compiler is told, so that calls cost little."""
    if os.name != "posix":
        return ()
    compiler = os.environ.get("CC") or str(sysconfig.get_config_var("CC"))
    return (*DIRECT, AS_ONE) if "gcc" in Path(compiler.split()[0]).name else DIRECT


def compile_here(root: Path) -> None:
    """Compile the modules of the packages under ``root``, which is the working directory."""
    from mypyc.build import mypycify  # noqa: PLC0415 - only this needs the compiler
    from setuptools import Distribution  # noqa: PLC0415

    level = os.environ.get(OPTIMISED, "2")
    extensions = mypycify(
        [*MYPY, *modules(root)],
        opt_level=level,
        debug_level="0",
        multi_file=True,  # many small files: the C compiler's time grows faster than what it compiles
        group_name=LIBRARY,
    )
    for extension in extensions:  # which share their lists: each gets its own
        extension.extra_compile_args = [*extension.extra_compile_args, *direct()]
        extension.extra_link_args = [*extension.extra_link_args, *direct()]
    distribution = Distribution({"name": LIBRARY, "ext_modules": extensions})
    command = distribution.get_command_obj("build_ext")
    command.inplace = True
    distribution.run_command("build_ext")


if __name__ == "__main__":
    compile_here(Path.cwd())
