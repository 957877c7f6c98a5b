"""Everything that is fuzzed, by name."""

from typing import Final

from targets import api, dongle, duis, files, gbcs, images, zcl
from targets.target import Target

TARGETS: Final[dict[str, Target]] = {
    **images.TARGETS,
    **zcl.TARGETS,
    **gbcs.TARGETS,
    **duis.TARGETS,
    **dongle.TARGETS,
    **api.TARGETS,
    **files.TARGETS,
}
