"""Who signs in to the example estate: a person for every role, and what each of them is shown first; pure."""

from typing import Any, Final, NamedTuple

from emulators.estate.cast import SECOND, WRITER, Cast, person_of
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.parties.acts import ConfirmPerson, RegisterParty, RegisterPerson

SUPPLIERS: Final = ("amber", "birch", "cedar")
MAKER: Final = "maker"
NOTICES: Final = "file:{party}.jsonl"  # where a party's notices go


class ExamplePerson(NamedTuple):
    """Somebody who signs in.

    Attributes:
        person: id.
        name: as people call her.
        part: what she is, in a word or two.
        task: what waits for her.
    """

    person: str
    name: str
    part: str
    task: str


PEOPLE: Final = (
    ExamplePerson(WRITER, "Olive", "operator", "a pilot, an incident, a gateway"),
    ExamplePerson(SECOND, "Peter", "approver", "release R3 waits for a second yes"),
    ExamplePerson(person_of("amber"), "Anna", "supplier", "times to choose for its homes"),
    ExamplePerson(person_of("birch"), "Ben", "supplier", "an incident that he has raised"),
    ExamplePerson("carol", "Carol", "CSP", "homes and their gateways"),
    ExamplePerson("max", "Max", "manufacturer", "how its hubs do in homes"),
    ExamplePerson("otto", "Otto", "auditor", "the audit trail; changes nothing"),
)
NAMES: Final = {one.person: one.name for one in PEOPLE}


def joining(cast: Cast) -> list[tuple[str, Any, str]]:
    """Say who lets parties and persons in that an estate has not of itself."""
    acts: list[tuple[str, Any, str]] = []
    for party, name, role, person, called, endpoint in (
        ("northern", "Northern Networks", PartyRole.CSP, "carol", "Carol", ""),
        (MAKER, "Meridian Hubs", PartyRole.MANUFACTURER, "max", "Max", NOTICES),
        ("audit", "Audit Partners", PartyRole.AUDITOR, "otto", "Otto", NOTICES),
    ):
        where = endpoint.format(party=party)
        acts.append((WRITER, RegisterParty(party, name, (role,), endpoint=where), "takes part"))
        enters = RegisterPerson(person, party, called, cast.public_key(person))
        acts.append((WRITER, enters, f"decides for {name}"))
        acts.append((SECOND, ConfirmPerson(person), "known to the operator"))
    return acts
