"""Founds the example estate: lets the days before its portal opens pass, and gives everybody a way in.

Knows the state folder and its database. What is founded again is the same but for its passwords: those are
made anew whenever it is opened, as nothing keeps them.
"""

import json
import secrets
import string
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from emulators.demo.portal.people import MAKER, NAMES, NOTICES, PEOPLE, SUPPLIERS, joining
from emulators.estate.cast import SECOND, WRITER, Cast, person_of
from emulators.estate.firmware import release_digest
from emulators.estate.population import OPERATOR, homes, hub_variant
from emulators.estate.rehearsal import Rehearsal
from emulators.estate.scenario import Scenario, read_scenario
from emulators.simulation.journal import Journal
from images.errors import ImageError
from images.files import read_bounded, write_secret
from images.strict_json import read_json
from ota_engine.errors import LocalError
from ota_engine.fleet.calendar.rows import HomeStep
from ota_engine.fleet.calendar.slots import SetWindow
from ota_engine.fleet.campaigns.troubles import RaiseIncident
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.gateways.acts import AdmitGateway
from ota_engine.fleet.gateways.rows import GatewayContact, RegisteredGateway
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.kernel.rows import Rows, Select, key_of, replaced
from ota_engine.fleet.parties.acts import ChangeParty, RegisterParty, RegisterPerson
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.head_end.access import accounts
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.passwords import Passwords
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import DAY_S, Utc

FLEET_NAME: Final = "fleet.sqlite"  # in the state folder, as the commands of the fleet find it
FACTS_NAME: Final = "example.json"  # beside it: what the example is made of
MOST_OCTETS: Final = 1 << 16
GATEWAY_OFF: Final = "north-7"  # a gateway in trouble, with a few homes
HOMES_OFF: Final = 5
OFF_S: Final = 3 * 86_400.0  # for so long nothing was heard of it
INCIDENT_CATEGORY: Final = 4  # mild: it holds nothing, and has to be resolved before the gate
CHOOSE_DAYS: Final = 28.0  # that suppliers have to choose times
WINDOW_DAYS: Final = 42.0  # within which these lie
ACTOR: Final = "zota portal try"
_WORD: Final = 4  # letters of a password between two hyphens
_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class ExampleFacts:
    """What an example estate is made of.

    Attributes:
        homes: how many.
        seed: of everything that is drawn, keys of persons among it.
        begin_utc: its first moment.
        opens_utc: when its portal was opened first.
    """

    homes: int
    seed: int
    begin_utc: float
    opens_utc: float

    @property
    def scenario(self) -> Scenario:
        """What happens before it opens."""
        text = files(__package__).joinpath("example.toml").read_text("utf-8")
        read = read_scenario(text, self.homes, self.seed)
        days = (self.opens_utc - self.begin_utc) / DAY_S
        estate = replace(read.estate, names=SUPPLIERS)
        return replace(read, begin=Utc(self.begin_utc), days=days, estate=estate)

    @property
    def cast(self) -> Cast:
        """Its persons, with their keys."""
        return Cast(self.seed, f"x{self.begin_utc:.0f}")


class _ExampleHomes:
    """Homes and people of the example, settled as those of any estate."""

    def name_of(self, number: int) -> str:
        """Name a home."""
        return f"h{number:08d}"

    def settle(self, rehearsal: Rehearsal) -> None:
        """Have parties, persons, homes and hubs in the database."""
        spec, store = rehearsal.scenario.estate, rehearsal.desk.store
        with store.transaction():
            store.insert([replace(hub_variant(spec), manufacturer="Meridian", maker=MAKER)])
            store.insert(homes(spec))
        for person, act, reason in rehearsal.cast.founding(spec.supplier_ids):
            rehearsal.decide(person, _as_here(act), reason)
        for person, act, reason in joining(rehearsal.cast):
            rehearsal.decide(person, act, reason)
        operator = ChangeParty(
            OPERATOR,
            "Operator",
            (PartyRole.OPERATOR, PartyRole.APPROVER),
            endpoint=NOTICES.format(party=OPERATOR),
        )
        rehearsal.decide(WRITER, operator, "its notices go into a file")


def _as_here(act: Any) -> Any:
    if isinstance(act, RegisterPerson):
        return replace(act, name=NAMES.get(act.person, act.name))
    if isinstance(act, RegisterParty):
        return replace(act, name=f"{act.name} Energy", endpoint=NOTICES.format(party=act.party))
    return act


def found(state: Path, homes_wanted: int, utc: Utc) -> ExampleFacts:
    """Found the example estate in a state folder.

    Args:
        state: the folder; there is no fleet in it.
        homes_wanted: how many.
        utc: when its portal opens.

    Raises:
        LocalError: the fleet refuses something.
        StoreError: the database cannot be written.
        OSError: a file cannot be.
    """
    text = files(__package__).joinpath("example.toml").read_text("utf-8")
    days = read_scenario(text, homes_wanted, 0).days
    facts = ExampleFacts(homes_wanted, secrets.randbits(63), utc - days * DAY_S, utc)
    store = FleetStore.open(state / FLEET_NAME)
    try:
        desk = FleetDesk(Fleet(), store)
        rehearsal = Rehearsal(facts.scenario, desk, Journal(), _ExampleHomes())
        rehearsal.run()
        _leave_to_people(desk, facts)
    finally:
        store.close()
    text = json.dumps(asdict(facts))
    write_secret(state / FACTS_NAME, text.encode())  # the last: an example without it is none
    return facts


def read_facts(state: Path) -> ExampleFacts:
    """Read what an example that was founded before is made of.

    Raises:
        LocalError: the folder holds none, or was left half made.
        OSError: it cannot be read.
    """
    path = state / FACTS_NAME
    if not path.exists():
        raise LocalError(f"{state}: holds no example estate: name a new folder, or an empty one")
    try:
        told: Any = read_json(read_bounded(path, MOST_OCTETS), FACTS_NAME, MOST_OCTETS)
        begin, opens = float(told["begin_utc"]), float(told["opens_utc"])
        return ExampleFacts(int(told["homes"]), int(told["seed"]), begin, opens)
    except (ImageError, KeyError, TypeError, ValueError):
        raise LocalError(f"{path}: says nothing of an example estate: name a new folder") from None


def give_passwords(state: Path, facts: ExampleFacts, utc: Utc) -> dict[str, str]:
    """Give everybody a new password, with her key sealed by it.

    Returns:
        passwords by person; nothing else keeps them.

    Raises:
        StoreError: the database cannot be written.
    """
    store = FleetStore.open(state / FLEET_NAME)
    by, cast, now = Passwords(), facts.cast, Moment(utc)
    try:
        desk = FleetDesk(Fleet(), store)
        given: dict[str, str] = {}
        for one in PEOPLE:
            given[one.person] = _password()
            _open(desk, one.person, given[one.person], cast.private_key(one.person), by, now)
        return given
    finally:
        store.close()


def _open(
    desk: FleetDesk,
    person: str,
    password: str,
    key: ec.EllipticCurvePrivateKey,
    by: Passwords,
    now: Moment,
) -> None:
    who = accounts.known_of(desk, person)
    chosen = accounts.choose(who, person, password, key, by)
    if who.account is None:
        accounts.open_at_once(desk, person, chosen, ACTOR, now)
    else:
        accounts.accept(desk, accounts.invite(desk, person, ACTOR, now), chosen, now)


def _password() -> str:
    letters = (secrets.choice(string.ascii_lowercase) for _ in range(_WORD * _WORDS))
    text = "".join(letters)
    return "-".join(text[at : at + _WORD] for at in range(0, len(text), _WORD))


def _leave_to_people(desk: FleetDesk, facts: ExampleFacts) -> None:
    """Leave to the people who sign in what they are to see to.

    Raises:
        LocalError: the fleet refuses it.
    """
    scenario, cast, utc = facts.scenario, facts.cast, Utc(facts.opens_utc)
    first, second = scenario.releases
    entered = EnterRelease(
        second.release,
        scenario.estate.variant,
        second.version,
        second.cpl,
        second.type,
        release_digest(second.version),
    )
    incident = RaiseIncident(
        f"campaign-{first.release}-incident-1",
        f"campaign-{first.release}",
        2,
        INCIDENT_CATEGORY,
        "two customers say that their display was blank for an hour",
    )
    admitted = AdmitGateway(GATEWAY_OFF, "0" * 64, utc + DAY_S)
    window = SetWindow(
        f"campaign-{first.release}",
        HomeStep.ACTIVATION,
        utc,
        utc + WINDOW_DAYS * DAY_S,
        choose_by_utc=utc + CHOOSE_DAYS * DAY_S,
    )
    for person, act, reason in (
        (WRITER, entered, "the manufacturer has delivered it"),
        (WRITER, window, "suppliers may choose anew"),
        (person_of(SUPPLIERS[1]), incident, "people have called"),
        (SECOND, admitted, "it brings the north its firmware"),
    ):
        reply = desk.decide(cast.decision(person, act, reason, utc), utc)
        if not reply.accepted:
            raise LocalError(f"the fleet refuses {type(act).__name__}: {reply.text}")
    _let_a_gateway_fall_silent(desk, utc)


def _let_a_gateway_fall_silent(desk: FleetDesk, utc: Utc) -> None:
    """Have a gateway of a few homes that was heard of some days ago."""
    seen, store, rows = Utc(utc - OFF_S), desk.store, Rows()
    with store.transaction():
        (gateway,) = store.select(Select(RegisteredGateway, (("gateway", GATEWAY_OFF),)))
        north = store.select(Select(Home, (("region", "North"),), (), ("home",), HOMES_OFF))
        rows.load_all((key_of(row), row) for row in (gateway, *north))
        registered = replaced(
            gateway, code="", token="1" * 64, registered_utc=seen - DAY_S, instance="example"
        )
        rows.change(key_of(gateway), registered)
        for home in north:
            rows.change(key_of(home), replaced(home, gateway=GATEWAY_OFF))
        store.keep(rows.changes(), (), utc)
        trouble = "its clock is 412 s behind, and nothing was heard of it since"
        store.insert(
            [GatewayContact(GATEWAY_OFF, seen, "zota", 1, -412.0, homes=HOMES_OFF, trouble=trouble)]
        )
