"""All pages of the portal, in the order of the menu."""

from typing import Final

from ota_engine.portal import acting, campaigns, homes, overview, releases, work
from ota_engine.portal.pages import PortalPage

PAGES: Final[tuple[PortalPage, ...]] = (
    *overview.PAGES,
    *work.PAGES,
    *releases.PAGES,
    *campaigns.PAGES,
    *homes.PAGES,
    *acting.PAGES,
)
