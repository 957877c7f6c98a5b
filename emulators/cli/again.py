"""The command that was typed, to be typed again: what a run that was stopped says."""

import shlex
import sys


def as_typed(seed: int | None = None) -> str:
    """Write this command with all its options.

    Args:
        seed: the one that was drawn where none was typed; None where it need not be named.
    """
    words = sys.argv[1:]
    typed = any(word == "--seed" or word.startswith("--seed=") for word in words)
    if seed is not None and not typed:
        words = [*words, "--seed", str(seed)]
    return shlex.join(["zota", *words])
