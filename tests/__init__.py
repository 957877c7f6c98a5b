"""The proof, room by room; the shipped emulators are its only doubles."""

import os
import sys
from pathlib import Path
from typing import Final

# For a format that none of our schemas has ("iri"), jsonschema compiles forty grammars where this is installed:
# a second for every process that loads it, zigpy's among them. Here, and in what tests start, it is not found.
GRAMMARS: Final = "rfc3987_syntax"
sys.modules.setdefault(GRAMMARS, None)  # type: ignore[arg-type] # None: not to be found
ABSENT: Final = str(Path(__file__).parent / "absent")
if ABSENT not in os.environ.get("PYTHONPATH", "").split(os.pathsep):
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, (ABSENT, os.environ.get("PYTHONPATH", "")))
    )
