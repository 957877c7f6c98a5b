"""tshark as judge: what Wireshark makes of a capture. Skipped where it is not, except in CI."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def tshark(capture: Path, *arguments: str) -> str:
    """Run tshark on a capture; the test skips on a machine without it, and fails in CI."""
    program = shutil.which("tshark")
    if program is None:
        reason = "tshark is not installed (apt-get install tshark)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run(
        [program, "-r", str(capture), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return done.stdout


def fields(capture: Path, display_filter: str, *names: str) -> list[list[str]]:
    """The values of these fields in every frame that passes the filter, in order."""
    wanted = [word for name in names for word in ("-e", name)]
    text = tshark(capture, "-Y", display_filter, "-T", "fields", *wanted)
    return [line.split("\t") for line in text.splitlines()]


def malformed(capture: Path) -> list[str]:
    """Summaries of the frames that Wireshark calls malformed, or cannot dissect to the end.

    Frames that carry pieces of GBCS messages through a tunnel are set aside: Wireshark takes every
    piece for a whole message, and does not know all use cases.
    """
    wrong = (
        "(_ws.malformed || _ws.expert.severity == error || data) && !(zbee_aps.cluster == 0x0704)"
    )
    return tshark(capture, "-Y", wrong).splitlines()
