"""A small estate of which much is known: homes of three suppliers, two products, everything that questions tell.

Whatever may name a home names some: rows, decisions, and words that persons wrote. What happens is drawn by a
test; names of homes and devices are such that no other word holds them.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from emulators.estate.paperwork import paperwork, stated_paths
from images.eui64 import Eui64, format_eui64
from ota_engine.canonical import canonical_json
from ota_engine.duis.variants import UserRole
from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.calendar.diary import BookCalendar
from ota_engine.fleet.calendar.rows import Deferral, EntryKind, HomeStep
from ota_engine.fleet.calendar.slots import ChooseSlots, SetWindow
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.assessment import RecordMeeting, StatePosition
from ota_engine.fleet.campaigns.homes.words import SignedWord
from ota_engine.fleet.campaigns.nominations import NominateHomes
from ota_engine.fleet.campaigns.rows import DeviceToReplace, Member, MemberState
from ota_engine.fleet.campaigns.steering import KeepHome
from ota_engine.fleet.campaigns.troubles import RaiseIncident
from ota_engine.fleet.campaigns.voices import Stance
from ota_engine.fleet.gateways.rows import HomeCounter, HomeMove, MoveState
from ota_engine.fleet.inventory.rows import Home, Particulars, Variant
from ota_engine.fleet.kernel.decisions import SUPPLIERS, PartyRole
from ota_engine.fleet.orders.rows import (
    CommandState,
    DeliveryState,
    DeviceCommand,
    DeviceOrder,
    ImageOrder,
    ServiceUser,
    UserDocument,
)
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.fleet.port import HubWord
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.fleet.releases.rows import ReleaseType
from ota_engine.head_end.questions.asking import Viewer
from tests.fleet.estate import DAY, VERSION
from tests.fleet.rollout import RollOutTown, phase, policy

PARTIES: Final = ("east", "west", "north")
PERSONS: Final = {"east": "eve", "west": "will", "north": "nora"}
OTHER_MAKER: Final = "rival"
#: Names of the other manufacturer's product, and of what is made of it.
OTHER_PRODUCT: Final = ("hub-rival", "rel-rival", "camp-rival", "CPL-rel-rival")
OWN_PRODUCT: Final = ("hub-1", "r1", "c1", "CPL-r1")
USERS: Final = {party: Eui64(0x90B3_D51F_4000_0000 + n) for n, party in enumerate(PARTIES)}
FIRST: Final = 7_000_001  # of the numbers in names of homes


def supplier(party: str) -> Viewer:
    """A person of a supplier who looks."""
    return Viewer(PERSONS[party], party, frozenset(SUPPLIERS))


class BusyTown(RollOutTown):
    """A town in which much has happened.

    Args:
        seed: of all that is drawn.
        homes: how many.
        talkative: persons name homes and devices in their words, though they should not.
    """

    def __init__(self, seed: int, homes: int, *, talkative: bool = True) -> None:
        super().__init__()
        self._talkative = talkative
        self._random = Random(seed)
        self._makers()
        self.names = [f"hq{FIRST + number}" for number in range(homes)]
        for name in self.names:
            electricity, gas = self._random.choice(PARTIES), self._random.choice(PARTIES)
            self.home(name, electricity, gas)
            number = name[2:]
            self.put(
                Particulars(
                    name, f"MPAN{number}", f"MPRN{number}", f"UPRN{number}", f"{number} Lane"
                )
            )
        self._rival_campaign()
        self.begin(policy(phase("pilot", homes // 2), phase("mass")))
        steps = [self._windows, self._talk, self._deliver, self._orders, self._rest, self._nominate]
        self._random.shuffle(steps)
        for step in steps:
            step()
        self._move_homes()
        self.talk_of_all()

    def _makers(self) -> None:
        self.put(
            Variant("hub-1", "CHF", "Maker", "Hub", "1", 2, "maker"),
            Variant("hub-rival", "CHF", "Rival", "Hub", "1", 2, OTHER_MAKER),
            Party(OTHER_MAKER, "Rival", (PartyRole.MANUFACTURER,), endpoint=OTHER_MAKER),
            Person("rita", OTHER_MAKER, "Rita", ""),
            Party("leases", "Leases", (PartyRole.ASSET_PROVIDER,), endpoint="leases"),
            Person("lea", "leases", "Lea", ""),
        )

    def _rival_campaign(self) -> None:
        variant, release, campaign, cpl = OTHER_PRODUCT
        old = f"{cpl}-old"
        self.put(
            *stated_paths(variant, {old: 1, cpl: VERSION}),
            *paperwork(release, VERSION, cpl, "cd" * 32, self.utc, ("set-a",)),
        )
        act = EnterRelease(release, variant, VERSION, cpl, ReleaseType.PLANNED, "cd" * 32)
        self.decide("olive", act)
        for name in self.names[::5]:
            self.device(name, "CHF", variant, 1)
        if self._random.random() < 0.5:
            self.decide("peter", ApproveRelease(release))
            text = canonical_json(policy())
            self.decide("olive", ProposeCampaign(campaign, release, text))
            self.decide("peter", ApproveCampaign(campaign))

    # --- what happens ----------------------------------------------------------------------------

    def some(self, most: int = 3) -> list[str]:
        """Draw a few homes."""
        return self._random.sample(self.names, min(len(self.names), self._random.randint(1, most)))

    def of(self, party: str) -> list[str]:
        """Name the homes of a supplier now."""
        return [home.home for home in self.rows(Home) if party in home.suppliers]

    def words(self) -> str:
        """Words of a person."""
        if not self._talkative:
            return "look at that"
        home = self._random.choice(self.names)
        device = self.devices_of(home, "CHF")[0].device
        plain = format_eui64(device)
        how = self._random.choice(
            (plain, plain.replace("-", ""), plain.replace("-", ":").lower(), str(device))
        )
        return f"look at {home}, ({how}) and home:{self._random.choice(self.names)}."

    def _windows(self) -> None:
        until = self.utc + 30 * DAY
        self.decide("olive", SetWindow("c1", HomeStep.ACTIVATION, self.utc + DAY, until))
        for party in PARTIES:
            own = self.of(party)[:2]
            if own:
                at = self.utc + 10 * DAY
                slots = tuple((home, at) for home in own)
                self.ask(PERSONS[party], ChooseSlots("c1", HomeStep.ACTIVATION, slots))
                book = BookCalendar("b1", tuple(own), EntryKind.TARIFF, at, at + DAY)
                self.ask(PERSONS[party], book, self.words())

    def _talk(self) -> None:
        for number, party in enumerate(PARTIES):
            act = RaiseIncident(f"i{number}", "c1", 1, 4, self.words())
            self.ask(PERSONS[party], act, self.words())
            self.ask(PERSONS[party], StatePosition("c1", 1, Stance.NOTES), self.words())
            held = RecordMeeting(
                "c1", 1, f"m{number}", PARTIES, (self.words(),), self.words(), self.utc
            )
            self.ask("olive", held)
        self.ask("olive", KeepHome("c1", self.some(1)[0], self.utc + 3 * DAY), self.words())

    def _deliver(self) -> None:
        for home in self.some(4):
            state = self.state(home)
            if state is MemberState.OFFERED:
                done = self._random.choice((self.finish, self.reach, self.transfer, self.fail))
                done(home)

    def _nominate(self) -> None:
        for party in PARTIES:
            own = self.of(party)[:1]
            if own:
                self.ask(PERSONS[party], NominateHomes("c1", 2, tuple(own)), self.words())

    def _orders(self) -> None:
        for number, (party, user) in enumerate(USERS.items()):
            request = f"{format_eui64(user)}:90-B3-D5-1F-30-00-00-02:{number}"
            self.put(ServiceUser(user, party, UserRole.IMPORT_SUPPLIER))
            self.put(
                ImageOrder(request, user, party, False, "ab" * 32, "cd" * 32, 2, "2", 2, self.utc)
            )
            for home in self.some():
                device = self.devices_of(home, "CHF")[0].device
                name = f"order {number} {home}"
                self.put(
                    DeviceOrder(
                        name, request, user, device, home, "gw", DeliveryState.ARRIVED, self.utc
                    ),
                    DeviceCommand(
                        f"command {number} {home}",
                        *(
                            request,
                            "11.3",
                            user,
                            device,
                            home,
                            CommandState.SENT,
                            self.utc,
                            "5.4",
                            1,
                        ),
                    ),
                    UserDocument(
                        f"alert/{home}/{number}", user, "{}", self.utc, trouble=self.words()
                    ),
                )

    def _rest(self) -> None:
        for number, home in enumerate(self.names):
            device = self.devices_of(home, "CHF")[0].device
            if self._random.random() < 0.5:
                self.put(
                    DeviceToReplace(device, home, "c1", self.words(), self.utc),
                    Deferral("c1", home, "calendar: tariff change", self.utc, None),
                    HomeMove(home, "gw", "gw-2", MoveState.LEAVING, "olive", self.utc),
                    HomeCounter(home, format_eui64(device), 7, "gw", self.utc),
                    SignedWord(
                        *(f"w{number}", "c1", home, device, HubWord.ACTIVATED, VERSION),
                        *(b"\x01\x02", self.utc),
                    ),
                )

    def _move_homes(self) -> None:
        for home in self.some():
            self.change_supplier(home, self._random.choice(PARTIES))
        self.pass_time(self._random.choice((0, DAY)))

    def talk_of_all(self) -> None:
        """Let a person name every home, in words that everybody is shown."""
        said = " ".join(self.names[:8]) if self._talkative else "all of them"
        self.ask("olive", RaiseIncident("i9", "c1", 1, 5, said[:150]), self.words())

    # --- what must not be told -------------------------------------------------------------------

    def hidden_from(self, party: str) -> Iterator[str]:
        """Words that no answer to a supplier may hold: names of homes of others, and of devices there."""
        own = set(self.of(party))
        for home in self.names:
            yield from (f"{kind}{home[2:]}" for kind in ("MPAN", "MPRN", "UPRN"))
            yield f"{home[2:]} Lane"
            if home not in own:
                yield home
                for device in self.devices_of(home, "CHF"):
                    yield from written(device.device)

    def members(self) -> Sequence[Member]:
        """Where homes stand."""
        return self.rows(Member, campaign="c1")


def written(device: Eui64) -> Iterator[str]:
    """A device, in all ways in which it may be written."""
    plain = format_eui64(device)
    for one in (plain, plain.replace("-", ""), plain.replace("-", ":")):
        yield one.upper()
        yield one.lower()
    yield str(int(device))
