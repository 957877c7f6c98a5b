"""The page on which a supplier chooses when a campaign does its steps in its own homes."""

import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from ota_engine.errors import LocalError
from ota_engine.fleet.calendar.rows import HomeStep, Slot
from ota_engine.fleet.calendar.slots import ChooseSlots, DropSlots
from ota_engine.fleet.campaigns.rows import ENDED_STATES, MemberState
from ota_engine.fleet.kernel.decisions import SUPPLIERS, PartyRole
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.head_end.questions.asking import NotForViewerError
from ota_engine.head_end.questions.calendars import (
    AskSlots,
    AskWindows,
    CampaignWindows,
    SlotList,
)
from ota_engine.head_end.questions.homes_in_campaigns import AskCampaignHomes, CampaignHomes
from ota_engine.head_end.questions.scope import HOMES
from ota_engine.portal.answers import see
from ota_engine.portal.forms.moments import read_moment
from ota_engine.portal.giving import give
from ota_engine.portal.pages import FormPosted, PortalPage, Visit, part
from ota_engine.portal.subjects import act_path
from ota_engine.wording import counted

_MOST: Final = 50  # homes on one page
#: Homes for which a time still matters.
_AHEAD: Final = tuple(str(one) for one in MemberState if one not in ENDED_STATES)


def _times(visit: Visit) -> Mapping[str, Any]:
    campaign = visit.fields["campaign"]
    windows: CampaignWindows = visit.ask(AskWindows(campaign))
    step = _step(visit.query.get("step", ""), windows)
    chooses = visit.has(*SUPPLIERS)
    told: dict[str, Any] = {
        "title": f"Times of {campaign}",
        "campaign": campaign,
        "windows": windows.windows,
        "window": next((one for one in windows.windows if one.step == step), None),
        "consent": windows.consent,
        "consents": windows.consents,
        "step": str(step),
        "steps": [(str(one), str(one)) for one in HomeStep],
        "chooses": chooses,
        "by_list": act_path("choose-slots", {"campaign": campaign, "step": step}, visit.here()),
        "give_consent": act_path("give-consent", {"campaign": campaign}, visit.here()),
        "set_window": act_path("set-window", {"campaign": campaign, "step": step}, visit.here())
        if visit.has(PartyRole.OPERATOR)
        else "",
        "key": secrets.token_hex(16),
        "errors": {},
        "chosen": [],
        "time": "",
        "reason": "",
    }
    return told | (_own(visit, campaign, step) if chooses else _others(visit, campaign))


def _step(text: str, windows: CampaignWindows) -> HomeStep:
    if text in list(HomeStep):
        return HomeStep(text)
    return windows.windows[0].step if windows.windows else HomeStep.ACTIVATION


def _own(visit: Visit, campaign: str, step: HomeStep) -> dict[str, Any]:
    """Show the supplier's homes, each with the time that it has chosen."""
    party = visit.view.viewer.party
    asked = AskCampaignHomes(
        campaign, _AHEAD, supplier=party, most=_MOST, after=visit.query.get("after", "")
    )
    found: CampaignHomes = visit.ask(asked)
    keys = [RowKey(Slot, (campaign, one.home, step, party)) for one in found.items]
    slots = {row.home: row for _, row in visit.view.desk.store.load(keys) if row is not None}
    return {
        "rows": [{"row": one, "slot": slots.get(one.home)} for one in found.items],
        "total": found.total,
        "next": visit.here(after=found.more) if found.more else "",
        "first": visit.here(after=None) if visit.query.get("after") else "",
        "said": f"{counted(len(slots), 'time')} chosen on this page",
    }


def _others(visit: Visit, campaign: str) -> dict[str, Any]:
    """Show the times that suppliers have chosen."""
    found: SlotList = visit.ask(AskSlots(campaign, _MOST, visit.query.get("after", "")))
    return {
        "rows": found.items,
        "total": found.total,
        "next": visit.here(after=found.more) if found.more else "",
        "first": visit.here(after=None) if visit.query.get("after") else "",
        "said": counted(found.total, "time") + " chosen",
    }


async def _taken(posted: FormPosted) -> Response | Mapping[str, Any]:
    if posted.signed.viewer.roles.isdisjoint(SUPPLIERS):
        await posted.parts.entry.refused(posted.signed, f"POST {posted.path}")
        raise NotForViewerError("times are chosen by whoever supplies the homes")
    homes = [one for one in posted.form.getlist("home") if isinstance(one, str)]
    shown = {"chosen": homes, "time": posted.text("time"), "reason": posted.text("reason")}
    try:
        act = _act(posted, tuple(homes))
    except LocalError as error:
        return {**shown, "errors": {_field(homes): str(error)}}
    answered, _ = await give(posted, act, posted.text("reason"), posted.text("key"))
    if not answered.reply.accepted:
        return {**shown, "errors": {"": answered.reply.text}, "status": 409}
    told = {"step": str(act.step), "done": answered.decision.key}
    return see(f"/campaigns/{part(posted.fields['campaign'])}/times?{urlencode(told)}")


def _field(homes: list[str]) -> str:
    return "time" if homes else ""


def _act(posted: FormPosted, homes: tuple[str, ...]) -> ChooseSlots | DropSlots:
    """Make the decision of what is ticked.

    Raises:
        LocalError: no home is, or the time is none.
    """
    campaign, step = posted.fields["campaign"], posted.text("step")
    if step not in list(HomeStep):
        raise LocalError("the step is none: choose download or activation")
    if not homes:
        raise LocalError("no home is chosen: tick those that you mean")
    if posted.text("what") == "drop":
        return DropSlots(campaign, HomeStep(step), homes)
    if not posted.text("time"):
        raise LocalError("no time is given: fill it in")
    utc = read_moment(posted.text("time"), posted.signed.zone)
    return ChooseSlots(campaign, HomeStep(step), tuple((home, utc) for home in homes))


PAGES: Final[tuple[PortalPage, ...]] = (
    PortalPage(
        path="/campaigns/{campaign}/times",
        template="times.html",
        read=_times,
        take=_taken,
        roles=HOMES,
        personal=True,
    ),
)
