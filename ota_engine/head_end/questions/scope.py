"""What a viewer may see: campaigns, releases, homes, persons; reads rows, answers no question.

- The operator, approvers, communications service providers and auditors see everything.
- A supplier sees its own homes: those for which it answers now, with what is in them. Of a campaign it
  sees what it was told of: each one that was announced, how each stage stands as a whole (homes by state,
  as status notices tell it), verdicts of gates with their inputs, positions and meetings, and everything
  else for its own homes alone. Releases it sees once they are no drafts, or have a date or a window in
  which customers test.
- A manufacturer sees its own products: variants, releases, paths and campaigns that roll them out, how
  many devices run what; no home.
- Asset providers and the code administrator see releases as suppliers do, and what they were told; the
  administrator, who registers parties and persons, sees all of those.
- A party that is several of these sees what any of them may.

What persons wrote is shown as they wrote it, but for names of homes and devices that the viewer may not
know: ``hiding`` takes those out.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from ota_engine.fleet.approvals.rows import UitWindow
from ota_engine.fleet.campaigns.homes.members import available_notice
from ota_engine.fleet.campaigns.rows import Campaign
from ota_engine.fleet.gateways.rows import RegisteredGateway
from ota_engine.fleet.incidents.rows import Incident
from ota_engine.fleet.inventory.rows import Home, Variant
from ota_engine.fleet.kernel.decisions import SUPPLIERS, PartyRole
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.notices.rows import Notice
from ota_engine.fleet.orders.rows import ServiceUser
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.fleet.releases.rows import FirmwareRelease, PlannedDate, ReleaseStatus
from ota_engine.head_end.questions.asking import EVERY_HOME, NotThereError, View

#: Who may ask about single homes.
HOMES: Final = SUPPLIERS | EVERY_HOME
#: Who reads all of the audit trail; others read what their own persons decided.
_READERS: Final = frozenset({PartyRole.OPERATOR, PartyRole.AUDITOR})


def home_party(view: View) -> str:
    """The party whose homes alone are seen; empty for all."""
    return "" if view.viewer.sees_every_home else view.viewer.party


def home_of(view: View, name: str) -> Home:
    """Read a home.

    Raises:
        NotThereError: there is none, for this viewer.
    """
    home: Home
    for home in view.desk.store.select(Select(Home, (("home", name),))):
        if sees_home(view, home):
            return home
    raise NotThereError(f"{name!a}: there is no such home")


def sees_home(view: View, home: Home) -> bool:
    """Whether a home is seen."""
    viewer = view.viewer
    return viewer.sees_every_home or (viewer.is_supplier and viewer.party in home.suppliers)


def campaigns_seen(view: View) -> list[Campaign]:
    """Read all campaigns that are seen, in the order of their ids."""
    return [one for one in view.desk.store.select(Select(Campaign)) if sees_campaign(view, one)]


def campaign_of(view: View, name: str) -> Campaign:
    """Read a campaign.

    Raises:
        NotThereError: there is none, for this viewer.
    """
    campaign: Campaign
    for campaign in view.desk.store.select(Select(Campaign, (("campaign", name),))):
        if sees_campaign(view, campaign):
            return campaign
    raise NotThereError(f"{name!a}: there is no such campaign: zota campaign list names them")


def sees_campaign(view: View, campaign: Campaign) -> bool:
    """Whether a campaign is seen."""
    viewer = view.viewer
    if viewer.sees_every_home or campaign.party == viewer.party:
        return True
    told = ("notice", available_notice(campaign.campaign)), ("party", viewer.party)
    if viewer.is_supplier and view.desk.store.select(Select(Notice, told)):
        return True
    return viewer.is_maker and _makes(view, _variant_of(view, campaign.release))


def releases_seen(view: View) -> list[FirmwareRelease]:
    """Read all releases that are seen, in the order of their ids."""
    return [
        one for one in view.desk.store.select(Select(FirmwareRelease)) if sees_release(view, one)
    ]


def release_of(view: View, name: str) -> FirmwareRelease:
    """Read a release.

    Raises:
        NotThereError: there is none, for this viewer.
    """
    release: FirmwareRelease
    for release in view.desk.store.select(Select(FirmwareRelease, (("release", name),))):
        if sees_release(view, release):
            return release
    raise NotThereError(f"{name}: there is no such release: zota release list names them")


def sees_release(view: View, release: FirmwareRelease) -> bool:
    """Whether a release is seen."""
    if view.viewer.sees_every_home or (view.viewer.is_maker and _makes(view, release.variant)):
        return True
    if not sees_all_products(view):
        return False
    if release.status is not ReleaseStatus.DRAFT:
        return True
    here = (("release", release.release),)
    return any(
        view.desk.store.select(Select(kind, here, (), (), 1)) for kind in (PlannedDate, UitWindow)
    )


def is_hidden(view: View, subject: str) -> bool:
    """Whether something, as ``kind:id``, is there and is not seen."""
    store = view.desk.store
    word, _, name = subject.partition(":")
    known = _SEEING.get(word)
    if known is None or view.viewer.sees_every_home:
        return False
    kind, sees = known
    with store.reading():
        rows = store.select(Select(kind, ((kind.KEY[0], name),)))
        return any(not sees(view, row) for row in rows)


def shown_row(view: View, row: Any) -> Any:
    """Give a row as it is shown: endpoints of parties are their own."""
    if isinstance(row, Party) and not registers(view) and row.party != view.viewer.party:
        return replace(row, endpoint="")
    return row


def registers(view: View) -> bool:
    """Whether parties and persons are seen whole: by who sees everything, and by who registers them."""
    return view.viewer.sees_every_home or PartyRole.ADMINISTRATOR in view.viewer.roles


def _sees_incident(view: View, incident: Incident) -> bool:
    return not is_hidden(view, f"campaign:{incident.campaign}")


def _sees_person(view: View, person: Person) -> bool:
    return registers(view) or person.party == view.viewer.party


def _sees_gateway(view: View, gateway: RegisteredGateway) -> bool:
    return view.viewer.sees_every_home


#: By the word that a subject begins with: what it is a row of, and whether one is seen.
_SEEING: Final[Mapping[str, tuple[type[Any], Callable[[View, Any], bool]]]] = {
    "campaign": (Campaign, sees_campaign),
    "release": (FirmwareRelease, sees_release),
    "incident": (Incident, _sees_incident),
    "home": (Home, sees_home),
    "person": (Person, _sees_person),
    "gateway": (RegisteredGateway, _sees_gateway),
}


def sees_all_products(view: View) -> bool:
    """Whether products of every manufacturer are seen; one that is nothing else sees its own."""
    return bool(view.viewer.roles - {PartyRole.MANUFACTURER})


def variants_seen(view: View) -> list[Variant]:
    """Read all variants that are seen."""
    found: list[Variant] = view.desk.store.select(Select(Variant))
    if sees_all_products(view):
        return found
    return [one for one in found if one.maker == view.viewer.party]


def _variant_of(view: View, release: str) -> str:
    found = view.desk.store.select(Select(FirmwareRelease, (("release", release),)))
    return found[0].variant if found else ""


def _makes(view: View, variant: str) -> bool:
    found = view.desk.store.select(Select(Variant, (("variant", variant),)))
    return bool(found) and found[0].maker == view.viewer.party


def reads_trail(view: View) -> bool:
    """Whether every line of the audit trail is seen."""
    return not view.viewer.roles.isdisjoint(_READERS)


def own_persons(view: View) -> frozenset[str]:
    """Name the persons of the viewer's party."""
    found = view.desk.store.select(Select(Person, (("party", view.viewer.party),)))
    return frozenset(row.person for row in found)


def persons_hidden(view: View) -> frozenset[str]:
    """Name the persons whose decisions are not seen: those of other suppliers and manufacturers."""
    if view.viewer.sees_every_home:
        return frozenset()
    hidden = {
        row.party
        for row in view.desk.store.select(Select(Party))
        if row.party != view.viewer.party
        and not {*SUPPLIERS, PartyRole.MANUFACTURER}.isdisjoint(map(PartyRole, row.roles))
    }
    return frozenset(
        row.person for row in view.desk.store.select(Select(Person)) if row.party in hidden
    )


def own_users(view: View) -> list[ServiceUser]:
    """Read the Service Users that are seen: all, or those of the viewer's party."""
    if view.viewer.sees_every_home:
        return view.desk.store.select(Select(ServiceUser))
    return view.desk.store.select(Select(ServiceUser, (("party", view.viewer.party),)))


def refuse_other_party(view: View, party: str) -> str:
    """Give the party asked about: for who does not see everything, her own.

    Raises:
        NotThereError: it is another one's, or there is no such party.
    """
    own = home_party(view)
    if own and party in ("", own):
        return own
    known = not party or view.desk.store.select(Select(Party, (("party", party),)))
    if own or not known:
        raise NotThereError(f"{party!a}: there is no such party: zota estate people names them")
    return party
