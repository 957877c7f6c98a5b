"""Where a notice may go from where it stands; knows a table and nothing else."""

from enum import StrEnum
from typing import Final

from ota_engine.fleet.notices.rows import NoticeState
from ota_engine.lifecycle import Lifecycle, read_lifecycle, state_alone


class NoticeStep(StrEnum):
    """What can happen to a notice."""

    DELIVER = "the party's endpoint takes it"
    FAIL = "it could not be brought"
    GIVE_UP = "the endpoint says that it never will"
    REQUEUE = "a person lets it be brought again"


#: One row for every step, one column for every state; "." where a step changes nothing. What reached its
#: party stays so, whatever is told later of an attempt.
TABLE = """
        wait deli dead
DELIVER deli .    deli
FAIL    wait .    .
GIVE_UP dead .    .
REQUEUE .    .    wait
"""


NOTICES: Final[Lifecycle[NoticeState, NoticeStep, NoticeState]] = read_lifecycle(
    TABLE, NoticeState, NoticeStep, state_alone
)
TRANSITIONS: Final = NOTICES.transitions
