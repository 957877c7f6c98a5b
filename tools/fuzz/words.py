"""Reads the words of the command line; knows the names of the targets, and loads none of them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

DEFAULT_SEED: Final = 1
DEFAULT_SECONDS: Final = 60.0
WRONG_CALL: Final = 2  # exit code


def read_words(
    arguments: Sequence[str] | None, known: Sequence[str], folder: Path, about: str
) -> argparse.Namespace:
    """Read what is to be fuzzed, and for how long.

    Args:
        arguments: the words; None for those of this process.
        known: the names of all targets, which are meant where none is named.
        folder: where inputs are kept unless a word says otherwise.
        about: the first line of the help.

    Raises:
        SystemExit: with exit code 2, once it is said what is wrong.
    """
    choice = _parser(known, folder, about).parse_args(arguments)
    unknown = sorted(set(choice.targets) - set(known))
    if unknown:
        print(f"fuzz: no target named {', '.join(unknown)}; there are {', '.join(known)}")
        sys.exit(WRONG_CALL)
    choice.targets = choice.targets or list(known)
    return choice


def _parser(known: Sequence[str], folder: Path, about: str) -> argparse.ArgumentParser:
    usage = argparse.ArgumentParser(prog="python tools/fuzz", description=about)
    usage.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(known))
    usage.add_argument("--seconds", type=float, default=DEFAULT_SECONDS, help="for all together")
    usage.add_argument("--runs", type=int, default=sys.maxsize, help="inputs per target at most")
    usage.add_argument("--seed", type=int, default=DEFAULT_SEED)
    usage.add_argument("--unproven", action="store_true", help="only those without a verdict yet")
    usage.add_argument("--status", action="store_true", help="print what was done so far")
    usage.add_argument("--json", action="store_true", help="the same, for programs")
    usage.add_argument("--folder", type=Path, default=folder)
    usage.add_argument("--replay", type=Path, metavar="FILE", help="one input, to one target")
    return usage
