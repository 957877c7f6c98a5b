"""All pages of the portal, in the order of the menu."""

from typing import Final

from ota_engine.portal import (
    account,
    acting,
    campaigns,
    gateways,
    homes,
    hooks,
    overview,
    proof,
    releases,
    times,
    work,
)
from ota_engine.portal.pages import PortalPage

PAGES: Final[tuple[PortalPage, ...]] = (
    *overview.PAGES,
    *work.PAGES,
    *releases.PAGES,
    *campaigns.PAGES,
    *times.PAGES,
    *homes.PAGES,
    *gateways.PAGES,
    *account.PAGES,
    *hooks.PAGES,
    *proof.PAGES,
    *acting.PAGES,
)
