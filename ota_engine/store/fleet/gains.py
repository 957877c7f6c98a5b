"""What a party came to answer for within a time, counted as a set; knows the tables of homes and devices."""

from typing import Final

from ota_engine.fleet.inventory.configurations import IN_PLACE
from ota_engine.fleet.releases.gaining import GainedDevices
from ota_engine.store.backends.database import Database
from ota_engine.store.fleet.forms import listed
from ota_engine.times import Utc

_IN_PLACE: Final = listed(IN_PLACE)
_GAINED: Final = f"""
    SELECT d.variant, d.version, count(DISTINCT d.home)
    FROM responsibilities AS r JOIN fleet_devices AS d ON d.home = r.home
    WHERE r.party = :party AND r.from_utc > :since AND r.from_utc <= :until
      AND d.status IN ({_IN_PLACE})
    GROUP BY d.variant, d.version ORDER BY d.variant, d.version NULLS FIRST
"""  # noqa: S608 - made of our own words


def gained_devices(driver: Database, party: str, since: Utc, until: Utc) -> list[GainedDevices]:
    """Count the homes that a party gained, by variant and version of their devices.

    Args:
        driver: within a transaction.
        party: that gained them, or will: changes that registration data tell ahead count, too.
        since: after this time.
        until: up to this one.
    """
    found = driver.execute(_GAINED, {"party": party, "since": since, "until": until})
    return [GainedDevices(*row) for row in found]
