"""Forms that are opened from the page of what they are about: what stands in them already."""

import html
import re
from pathlib import Path

from ota_engine.fleet.campaigns.voices import Meeting
from ota_engine.portal.door import PortalDoor
from tests.portal.filling import decide
from tests.portal.lab import PortalLab


async def test_a_form_opened_from_a_campaign_knows_its_phase_and_that_a_meeting_is_over(
    tmp_path: Path,
) -> None:
    with PortalLab(tmp_path) as lab:
        lab.roll_out()
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            page = await http.get("/campaigns/c1")
            (path,) = set(re.findall(r'href="(/decide/record-meeting[^"]*)"', page.text))
            told = {"meeting": "m1", "attendees": "olive\neve", "minutes": "go on once mended"}
            held = await decide(http, html.unescape(path), told)
            assert held.status_code == 303, held.text
        (meeting,) = lab.town.rows(Meeting, campaign="c1")
        assert meeting.phase == 2
        assert lab.town.utc - 60 <= meeting.held_utc <= lab.town.utc
