"""What a supplier came to answer for within a time: asked of an estate, for people and for programs."""

from ota_engine.errors import LocalError
from ota_engine.fleet.parties.rows import Party
from ota_engine.fleet.releases.gaining import GainedModel, gained_models
from ota_engine.head_end.deciding import asked
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.fleet.gains import gained_devices
from ota_engine.times import Utc


def models_gained(desk: FleetDesk, party: str, since: Utc, until: Utc) -> tuple[GainedModel, ...]:
    """Say what a party gained, or will by changes that are told ahead.

    Args:
        desk: of the estate.
        party: that gained it.
        since: after this time.
        until: up to this one.

    Raises:
        LocalError: there is no such party.
    """
    if asked(desk, lambda work: work.get(Party, party)) is None:
        raise LocalError(f"{party}: there is no such party: zota estate people names them")
    with desk.store.reading():
        found = gained_devices(desk.store.driver, party, since, until)
    return asked(desk, lambda work: gained_models(work, found))
