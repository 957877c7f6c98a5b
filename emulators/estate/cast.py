"""The persons of an emulated estate: their keys, and how they come to take part; pure.

They are registered and confirmed by the same acts as everybody, and sign whatever they decide.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import count
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from emulators.estate.population import BOTH_FUELS, OPERATOR
from images.ecdsa import P256_ORDER
from ota_engine.fleet.kernel.decisions import Decision, octets_to_sign
from ota_engine.fleet.kernel.signatures import sign
from ota_engine.fleet.parties.acts import (
    ConfirmPerson,
    FoundEstate,
    RegisterParty,
    RegisterPerson,
)
from ota_engine.times import Utc

WRITER: Final = "olive"  # of the operator: writes, and steers
SECOND: Final = "peter"  # of the operator: agrees, or does not
_FOUNDERS: Final = ((WRITER, "Olive"), (SECOND, "Peter"))


class Cast:
    """All persons, each with a key that the seed gives.

    Args:
        seed: of the keys.
        taken: begins every key of a decision, so that no two rehearsals have the same.
    """

    def __init__(self, seed: int, taken: str) -> None:
        self._seed = seed
        self._taken = taken
        self._number = count(1)
        self._keys: dict[str, ec.EllipticCurvePrivateKey] = {}

    def decision(
        self, person: str, act: Any, reason: str, utc: Utc, revision: int | None = None
    ) -> Decision:
        """Let a person decide, and sign that."""
        name = f"{self._taken}-{next(self._number)}"
        unsigned = Decision(name, person, act, reason, revision, utc)
        return unsigned._replace(signature=sign(self.private_key(person), octets_to_sign(unsigned)))

    def public_key(self, person: str) -> str:
        """The key that checks a person's signatures, PEM."""
        public = self.private_key(person).public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def private_key(self, person: str) -> ec.EllipticCurvePrivateKey:
        """The key that a person signs with."""
        key = self._keys.get(person)
        if key is None:
            drawn = blake2b(f"{self._seed}/key/{person}".encode(), digest_size=40).digest()
            scalar = 1 + int.from_bytes(drawn) % (P256_ORDER - 1)
            key = self._keys[person] = ec.derive_private_key(scalar, ec.SECP256R1())
        return key

    def founding(self, suppliers: Iterable[str]) -> Iterator[tuple[str, Any, str]]:
        """Say who decides what, and why, until everybody takes part."""
        founders = tuple((one, name, self.public_key(one)) for one, name in _FOUNDERS)
        yield WRITER, FoundEstate(OPERATOR, "Operator", founders), "the estate begins"
        for supplier in suppliers:
            name = supplier.replace("-", " ").capitalize()
            roles = tuple(map(str, BOTH_FUELS))
            joins = RegisterParty(supplier, name, roles, endpoint=supplier)
            yield WRITER, joins, "it supplies homes here"
            person = person_of(supplier)
            enters = RegisterPerson(person, supplier, f"Lead of {name}", self.public_key(person))
            yield WRITER, enters, "she decides for it"
            yield SECOND, ConfirmPerson(person), "known to the operator"


def person_of(supplier: str) -> str:
    """Name the person who decides for a supplier."""
    return f"lead-{supplier}"
