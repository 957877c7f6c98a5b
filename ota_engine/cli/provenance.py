"""What this very command is: asked of the command line, the clock and the installed package."""

import sys
from datetime import UTC, datetime

from images.provenance import Provenance
from ota_engine.cli.again import command_line
from ota_engine.cli.extras import project_version


def provenance(seed: int | None = None) -> Provenance:
    """Say with what a report is made that this command writes now.

    Args:
        seed: of every draw, where there was one.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Provenance(project_version(), command_line("zota", *sys.argv[1:]), now, seed)
