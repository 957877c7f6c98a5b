"""Where an incident may go from where it stands; knows a table and nothing else."""

from enum import StrEnum
from typing import Final

from ota_engine.fleet.incidents.rows import IncidentState
from ota_engine.lifecycle import Lifecycle, read_lifecycle, state_alone


class IncidentStep(StrEnum):
    """What can happen to an incident."""

    TAKE = "somebody owns it"
    RATE = "category changed"
    RESOLVE = "decided and resolved"
    REOPEN = "it was not resolved after all"


#: One row for every step, one column for every state; "-" where a step is forbidden.
TABLE = """
        open inve reso
TAKE    inve inve -
RATE    open inve -
RESOLVE -    reso -
REOPEN  -    -    open
"""


INCIDENTS: Final[Lifecycle[IncidentState, IncidentStep, IncidentState]] = read_lifecycle(
    TABLE, IncidentState, IncidentStep, state_alone
)
TRANSITIONS: Final = INCIDENTS.transitions
