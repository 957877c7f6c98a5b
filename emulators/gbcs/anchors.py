"""Whom a device trusts and the keys it holds; knows certificates, no messages and no files."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Self

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from images.eui64 import format_eui64
from ota_engine.errors import LocalError
from ota_engine.gbcs.certificates import KeyUse, Role
from ota_engine.gbcs.keystore import Keystore

EARLIEST = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Anchors:
    """A device's trust anchor cells and its own keys.

    Attributes:
        own: the device's EUI-64.
        supplier: whose commands it obeys; a Communications Hub's is the WAN provider.
        broker: whose key makes the MACs of commands.
        keys: its own private keys, and the certificates of these two; nobody else's.
    """

    own: int
    supplier: int
    broker: int
    keys: Keystore

    @classmethod
    def choose(
        cls, keys: Keystore, own: int, role: Role = Role.SUPPLIER, supplier: int | None = None
    ) -> Self | None:
        """Equip a device from a folder of keys.

        Args:
            keys: of everybody.
            own: the device's EUI-64.
            role: of the party that orders it.
            supplier: that party, by default the first in the folder.

        Returns:
            None if the folder has no private keys of this device.

        Raises:
            LocalError: it has, but lacks whom the device should trust.
        """
        if keys.signer(own) is None:
            return None
        orderer = _only(keys, role) if supplier is None else supplier
        broker = _only(keys, Role.ACCESS_CONTROL_BROKER)
        for party in (orderer, broker):
            _require_certificates(keys, party)
        return cls(own, orderer, broker, keys.held_by(own, (orderer, broker)))

    def handed_over(self, supplier: int, keys: Keystore) -> Self:
        """Replace the supplier's anchors, as a change of supplier does.

        Args:
            supplier: the new one.
            keys: where its certificates are.

        Raises:
            LocalError: they are not there.
        """
        _require_certificates(keys, supplier)
        held = self.keys.held_by(self.own, (self.broker,))
        for use in KeyUse:
            certificate = keys.certificate(supplier, use)
            if certificate is not None:
                held.add_certificate(supplier, use, certificate)
        return replace(self, supplier=supplier, keys=held)

    @cached_property
    def image_key(self) -> bytes:
        """The supplier's digital signing key, PEM."""
        key = self.keys.verifying_key(self.supplier)
        assert key is not None  # noqa: S101 - required when the anchors were chosen
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def believable(self, utc: datetime | None) -> datetime | None:
        """Correct a date that cannot be: the day the anchors' certificates begin is past.

        So a clock that jumped back refuses nobody; one that was never set checks no validity.
        """
        return None if utc is None else max(utc, self._newest)

    @cached_property
    def _newest(self) -> datetime:
        certificates = (
            self.keys.certificate(party, use)
            for party in (self.supplier, self.broker)
            for use in KeyUse
        )
        starts = [each.not_before for each in certificates if each and each.not_before]
        return max(starts, default=EARLIEST)


def _only(keys: Keystore, role: Role) -> int:
    parties = keys.parties(role)
    if not parties:
        what = role.name.lower().replace("_", " ")
        raise LocalError(f"no certificate of any {what} among the keys: make some by zota pki init")
    return parties[0]


def _require_certificates(keys: Keystore, party: int) -> None:
    for use in KeyUse:
        if keys.certificate(party, use) is None:
            raise LocalError(f"no {use.value} certificate of {format_eui64(party)} among the keys")
