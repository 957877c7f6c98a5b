"""The door for service requests as commands put it together of options; decides nothing."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry

from ota_engine.head_end.duis.door import DoorLog
from ota_engine.head_end.duis.endpoint import UserEndpoint, endpoint_tls
from ota_engine.head_end.duis.keys import DuisKeys
from ota_engine.head_end.duis.notary import Notary
from ota_engine.head_end.duis.running import DuisDoorway, HeadEndSettings
from ota_engine.head_end.duis_schemas import SchemaFolder
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.head_end.running import CalendarClock
from ota_engine.telling.serving import TlsFiles


class DuisChoice(NamedTuple):
    """What was asked for.

    Attributes:
        keys: certificates of users, ours and our key.
        schemas: the official ones; None without them.
        tls: how the door shows who it is.
        endpoint_ca: by whom users' endpoints are certified (PEM); None for the world's.
    """

    keys: Path
    schemas: Path | None
    tls: TlsFiles | None
    endpoint_ca: Path | None


class DuisSettings(NamedTuple):
    """What a door for service requests is made of.

    Attributes:
        notary: signs its documents.
        settings: all else.
    """

    notary: Notary
    settings: HeadEndSettings

    def doorway(self, room: DeskRoom, registry: CollectorRegistry) -> DuisDoorway:
        """Have the door.

        Args:
            room: the fleet; its desk has the notary.
            registry: where figures of the door are.
        """
        return DuisDoorway(room, self.notary, self.settings, registry)


def duis_settings(
    choice: DuisChoice, state: Path, clock: CalendarClock, log: DoorLog
) -> DuisSettings:
    """Read keys and schemas.

    Raises:
        LocalError: they cannot be used.
    """
    found = DuisKeys(choice.keys, lambda trouble: log("trouble", trouble=trouble))
    check = None if choice.schemas is None else SchemaFolder(choice.schemas).check
    settings = HeadEndSettings(
        state=state,
        keys=found,
        open_endpoint=partial(UserEndpoint, tls=endpoint_tls(choice.endpoint_ca, choice.tls)),
        clock=clock,
        log=log,
        check=check,
    )
    return DuisSettings(Notary(found.own, check), settings)
