"""``python -m emulators.soak`` is a soak's worker process: loads it with the garbage collector at rest."""

import importlib
import sys

from ota_engine.loading import for_good


def main() -> int:
    """Load the worker and be it."""
    with for_good():
        worker = importlib.import_module("emulators.soak.worker")
    code: int = worker.main()
    return code


if __name__ == "__main__":
    sys.exit(main())
