"""What a person of the fleet may see, by the roles of her party; knows no account."""

from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.head_end.questions.asking import Viewer


def viewer_of(person: Person, party: Party) -> Viewer:
    """Say who asks, when a person of a party does."""
    return Viewer(person.person, party.party, frozenset(map(PartyRole, party.roles)))
