"""Who holds which key: certificates, private keys and shared secrets by EUI-64.

Knows the names of the files of a key folder, not how to open them; checks that a certificate is
whose and for what its file's name says, and leaves out what is not, with a finding.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from images.eui64 import format_eui64, parse_eui64
from ota_engine.errors import LocalError
from ota_engine.gbcs.certificates import Certificate, KeyUse, Role, read_certificate
from ota_engine.gbcs.mac import SHARED_SECRET_BYTES
from ota_engine.gbcs.signature import KeyAgreement, PrivateKey, Signer

SECRETS_FILE: Final = "shared-secrets.json"
MAX_SECRETS: Final = 100_000
FILE_NAME: Final = re.compile(r"([0-9a-f]{16})-(ds|ka)\.(pem|key)", re.IGNORECASE)


class KeystoreFinding(NamedTuple):
    """A file that was left out, and why."""

    name: str
    reason: str


class Keystore:
    """Keys of parties and devices; each is looked up by EUI-64 and use."""

    def __init__(self) -> None:
        self._certificates: dict[tuple[int, KeyUse], Certificate] = {}
        self._signers: dict[int, Signer] = {}
        self._agreements: dict[int, KeyAgreement] = {}
        self._secrets: dict[tuple[int, int], bytes] = {}
        self._agreed: dict[tuple[int, int], bytes] = {}
        self._parties: dict[Role, tuple[int, ...]] | None = None  # who has which role, when asked
        self.findings: list[KeystoreFinding] = []

    @classmethod
    def read(cls, files: Mapping[str, bytes]) -> "Keystore":
        """Take the files of a key folder.

        Args:
            files: contents by name: ``<eui64>-ds|ka.pem`` certificates or public keys,
                ``<eui64>-ds|ka.key`` private keys, ``shared-secrets.json``; others are ignored.

        Returns:
            A keystore; ``findings`` lists what was left out.
        """
        keystore = cls()
        for name in sorted(files):
            try:
                keystore._take(name, files[name])
            except LocalError as error:
                keystore.findings.append(KeystoreFinding(name, str(error)))
        return keystore

    def _take(self, name: str, octets: bytes) -> None:
        if name == SECRETS_FILE:
            self.add_secrets(octets)
            return
        match = FILE_NAME.fullmatch(name)
        if match is None:
            return
        eui64, use = int(match.group(1), 16), KeyUse(match.group(2).lower())
        if match.group(3).lower() == "pem":
            self.add_certificate(eui64, use, read_certificate(octets))
        elif use is KeyUse.SIGNING:
            self.add_signer(eui64, PrivateKey.load(octets))
        else:
            self.add_agreement(eui64, PrivateKey.load(octets))

    def add_certificate(self, eui64: int, use: KeyUse, certificate: Certificate) -> None:
        """Believe that this is a party's certificate for this use.

        Raises:
            LocalError: it says itself that it is another's, or for another use.
        """
        if certificate.eui64 not in {None, eui64}:
            raise LocalError(f"the certificate is of {format_eui64(certificate.eui64 or 0)}")
        if certificate.eui64 is not None and certificate.use is not use:
            raise LocalError(f"the certificate's key usage is not that of a {use.value} key")
        self._certificates[eui64, use] = certificate
        self._agreed.clear()
        self._parties = None

    def add_signer(self, eui64: int, signer: Signer) -> None:
        """Let this sign for a party."""
        self._signers[eui64] = signer

    def add_agreement(self, eui64: int, agreement: KeyAgreement) -> None:
        """Let this agree on secrets for a party."""
        self._agreements[eui64] = agreement
        self._agreed.clear()

    def add_secret(self, one: int, other: int, secret: bytes) -> None:
        """Take the ECDH result of a pair, when neither private key is at hand."""
        self._secrets[_pair(one, other)] = secret

    def add_secrets(self, octets: bytes) -> None:
        """Take the list of ``{"party", "device", "z"}`` of a ``shared-secrets.json``.

        Raises:
            LocalError: it is not such a list.
        """
        for one, other, secret in _read_secrets(octets):
            self.add_secret(one, other, secret)

    def held_by(self, own: int, trusted: Iterable[int]) -> "Keystore":
        """Take out what one party would hold: its own keys, and certificates of those it trusts.

        Args:
            own: the party's EUI-64.
            trusted: whose certificates it holds besides its own; their private keys stay here.
        """
        held = Keystore()
        for party in (own, *trusted):
            for use in KeyUse:
                certificate = self._certificates.get((party, use))
                if certificate is not None:
                    held._certificates[party, use] = certificate
            secret = self._secrets.get(_pair(own, party))
            if secret is not None:
                held._secrets[_pair(own, party)] = secret
        if own in self._signers:
            held._signers[own] = self._signers[own]
        if own in self._agreements:
            held._agreements[own] = self._agreements[own]
        return held

    def certificate(self, eui64: int, use: KeyUse) -> Certificate | None:
        """A party's certificate for a use."""
        return self._certificates.get((eui64, use))

    def verifying_key(self, eui64: int) -> ec.EllipticCurvePublicKey | None:
        """The key that a party's signatures verify with."""
        found = self._certificates.get((eui64, KeyUse.SIGNING))
        return None if found is None else found.public_key

    def signer(self, eui64: int) -> Signer | None:
        """Whoever signs for a party."""
        return self._signers.get(eui64)

    def shared_secret(self, one: int, other: int) -> bytes | None:
        """The ECDH secret of two, from the list or from either's private key; None without.

        Both keys are static, so it is computed once and kept until keys change.
        """
        pair = _pair(one, other)
        known = self._secrets.get(pair) or self._agreed.get(pair)
        if known is not None:
            return known
        agreed = self._agree(one, other) or self._agree(other, one)
        if agreed is not None:
            if len(self._agreed) >= MAX_SECRETS:
                self._agreed.clear()
            self._agreed[pair] = agreed
        return agreed

    def _agree(self, own: int, peer: int) -> bytes | None:
        agreement = self._agreements.get(own)
        certificate = self._certificates.get((peer, KeyUse.AGREEMENT))
        if agreement is None or certificate is None:
            return None
        return agreement.agree(certificate.public_key)

    def parties(self, role: Role) -> tuple[int, ...]:
        """The organisations whose certificates give them a role, in the order of their EUI-64."""
        if self._parties is None:
            self._parties = {
                each: tuple(
                    sorted(
                        {eui for (eui, _), one in self._certificates.items() if one.role is each}
                    )
                )
                for each in Role
            }
        return self._parties[role]

    def unattributed(self, device: int) -> tuple[int, ...]:
        """Who shares a secret with a device and has no certificate that gives a role or profile."""
        named = {eui for (eui, _), held in self._certificates.items() if held.eui64 is not None}
        bare = {eui for (eui, use) in self._certificates if use is KeyUse.AGREEMENT}
        listed = {eui for pair in self._secrets if device in pair for eui in pair}
        return tuple(sorted((bare | listed | self._agreements.keys()) - named - {device}))

    def is_device(self, eui64: int) -> bool:
        """Whether a certificate says that this is a device."""
        return any(
            found is not None and found.is_device
            for found in (self._certificates.get((eui64, use)) for use in KeyUse)
        )


def _pair(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _read_secrets(octets: bytes) -> list[tuple[int, int, bytes]]:
    try:
        rows = json.loads(octets)
        if not isinstance(rows, list) or len(rows) > MAX_SECRETS:
            raise TypeError
        return [_secret(row) for row in rows]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise LocalError(
            'not a list of {"party": EUI64, "device": EUI64, "z": 64 hex digits}'
        ) from None


def _secret(row: Mapping[str, str]) -> tuple[int, int, bytes]:
    secret = bytes.fromhex(row["z"])
    if len(secret) != SHARED_SECRET_BYTES:
        raise ValueError
    return parse_eui64(row["party"]), parse_eui64(row["device"]), secret
