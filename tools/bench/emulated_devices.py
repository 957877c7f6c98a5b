"""Memory of engine and emulated devices and nothing else: ``python emulated_devices.py COUNT SEED [quick]``.

Prints its peak in megabytes, the blocks delivered, and what makes the figure worthless. A program of its
own, as the peer is one: a bench has loaded the peer's modules, too, and the peak of a process never falls.
"""

import json
import sys

from clocks import peak_memory
from neighbourhood import IMAGE_SIZE, SMALL_IMAGE, faults, neighbourhood, run

from emulators.soak.worker import spare_the_collector


def deliver(devices: int, seed: int, quick: bool) -> tuple[float, int, tuple[str, ...]]:
    """Deliver an image to devices on twenty channels."""
    settings = neighbourhood(seed, devices, 20, SMALL_IMAGE if quick else IMAGE_SIZE)
    spare_the_collector()
    outcome = run(settings)
    return peak_memory(), outcome.blocks, faults(outcome, devices)


if __name__ == "__main__":
    count, seed, *quick = sys.argv[1:]
    print(json.dumps(deliver(int(count), int(seed), bool(quick))))
