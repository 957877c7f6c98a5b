"""Pages of campaigns: all of them, and one."""

from collections.abc import Mapping
from typing import Any, Final

from ota_engine.head_end.questions.campaigns import AskCampaigns
from ota_engine.portal.pages import PlaceInMenu, PortalPage, Visit


def _all(visit: Visit) -> Mapping[str, Any]:
    return {"title": "Campaigns", "campaigns": visit.ask(AskCampaigns()).items, "said": ""}


PAGES: Final[tuple[PortalPage, ...]] = (
    PortalPage(
        path="/campaigns",
        template="campaigns.html",
        read=_all,
        menu=PlaceInMenu("Firmware", "Campaigns"),
    ),
)
