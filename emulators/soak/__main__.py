"""``python -m emulators.soak`` is a soak's worker process: loads it with the garbage collector at rest."""

import gc
import importlib
import sys


def main() -> int:
    """Load the worker, all of which lives to the end, and be it."""
    gc.disable()
    worker = importlib.import_module("emulators.soak.worker")
    gc.freeze()
    gc.enable()
    code: int = worker.main()
    return code


if __name__ == "__main__":
    sys.exit(main())
