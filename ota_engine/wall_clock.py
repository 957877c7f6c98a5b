"""The wall clock of this machine; for shells and commands, which hand it on to whoever decides."""

import time

from ota_engine.times import Utc


def this_machine() -> Utc:
    """What this machine takes for now."""
    return Utc(time.time())
