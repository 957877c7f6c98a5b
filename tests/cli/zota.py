"""Runs the ``zota`` command as a user does: in this process, or in one of its own."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from ota_engine.cli.app import main


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def complaints(self) -> str:
        """What was said on standard error besides the head of the audit trail."""
        lines = self.err.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("audit head: "))


def zota(*arguments: str | Path | int) -> Ran:
    """Run ``zota`` with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = zota_here(*arguments)
    return Ran(code, out.getvalue(), err.getvalue())


def zota_here(*arguments: str | Path | int) -> int:
    """Run ``zota`` in this process, on the standard streams there are; its exit code."""
    argv = ["zota", *(str(argument) for argument in arguments)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", argv)
        try:
            main()
        except SystemExit as exit_:
            assert exit_.code is None or isinstance(exit_.code, int)
            return exit_.code or 0
    return 0


def zota_process(*arguments: str | Path | int, prepare: Callable[[], None] | None = None) -> Ran:
    """Run ``zota`` in a process of its own; ``prepare`` runs there before it starts.

    One that was limited keeps no compiled module: where files may not grow, Python would leave half of one,
    which every later process trips over.
    """
    limited = {} if prepare is None else {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "ota_engine", *(str(argument) for argument in arguments)],
        env=os.environ | limited,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        preexec_fn=prepare,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
