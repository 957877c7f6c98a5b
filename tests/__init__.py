"""The proof, room by room; the shipped emulators are its only doubles."""

import sys
from typing import Final

# For a format that none of our schemas has ("iri"), jsonschema compiles forty grammars where this is installed:
# a second for every process that loads it, zigpy's among them.
GRAMMARS: Final = "rfc3987_syntax"
sys.modules.setdefault(GRAMMARS, None)  # type: ignore[arg-type] # None: not to be found
