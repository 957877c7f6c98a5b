"""Which keys protect which leg, checked and applied; knows no payloads and no files.

Two questions are kept apart. ``check`` says what signature and MAC are worth, whatever the message
claims to be. ``authenticate`` says whether to believe it: protected as its use case must be, by the
one who may, with certificates that hold.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

from images.eui64 import format_eui64
from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs.certificates import Certificate, KeyUse, Role
from ota_engine.gbcs.codes import USE_CASES, Category, Cra, MessageCode
from ota_engine.gbcs.envelope import Message
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.mac import compute_mac, verify_mac
from ota_engine.gbcs.signature import signed_octets, verify_signature
from ota_engine.gbcs.verification import CheckResult, Verification

NOT_AUTHORIZED: Final = 0x7E  # ZCL status


class MacKey(Enum):
    """Whose key agreement key meets the device's."""

    NONE = "no MAC"
    BROKER = "the access control broker's, whoever the header names as originator"
    RECIPIENT = "the recipient's in the header"


class Leg(NamedTuple):
    """How messages of a category are protected on one leg.

    Attributes:
        signed: by the originator's digital signing key.
        mac: with which key pair.
    """

    signed: bool
    mac: MacKey


LEGS: Final[Mapping[tuple[Category, Cra], Leg]] = MappingProxyType(
    {
        (Category.CRITICAL_COMMAND, Cra.COMMAND): Leg(True, MacKey.BROKER),
        (Category.CRITICAL_COMMAND, Cra.RESPONSE): Leg(True, MacKey.NONE),
        (Category.NON_CRITICAL_COMMAND, Cra.COMMAND): Leg(False, MacKey.BROKER),
        (Category.NON_CRITICAL_COMMAND, Cra.RESPONSE): Leg(False, MacKey.RECIPIENT),
        (Category.CRITICAL_ALERT, Cra.ALERT): Leg(True, MacKey.NONE),
        (Category.NON_CRITICAL_ALERT, Cra.ALERT): Leg(False, MacKey.RECIPIENT),
    }
)

_READERS: Final = frozenset((Role.SUPPLIER, Role.ACCESS_CONTROL_BROKER, Role.NETWORK_OPERATOR))


class ProtectionPolicy(NamedTuple):
    """What is believed besides the mathematics; every doubtful rule is a row here.

    Attributes:
        originators: the roles that may give a command, by message code. That the WAN provider
            activates Communications Hubs by CS06 is inferred, not stated.
        brokers: the roles whose key makes the MAC of a command.
        check_validity: refuse certificates outside their validity when the time is known. Devices
            without a trusted clock cannot, and need not.
        trust_bare_keys: believe a public key without a certificate, which has no role to check.
    """

    originators: Mapping[int, frozenset[Role]] = MappingProxyType(
        {
            MessageCode.ACTIVATE_FIRMWARE: frozenset((Role.SUPPLIER, Role.WAN_PROVIDER)),
            MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION: _READERS,
            MessageCode.READ_GAS_FIRMWARE_VERSION: _READERS,
            MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION: _READERS,
        }
    )
    brokers: tuple[Role, ...] = (Role.ACCESS_CONTROL_BROKER,)
    check_validity: bool = True
    trust_bare_keys: bool = False


DEFAULT_POLICY: Final = ProtectionPolicy()


def check(message: Message, keys: Keystore) -> Verification:
    """Say what signature and MAC are worth, as far as the keys at hand tell."""
    return Verification(_check_signature(message, keys), _check_mac(message, keys))


def unverified(message: Message) -> Verification:
    """Say which of signature and MAC a message has, where nobody has checked them."""
    return Verification(
        CheckResult.NO_KEY if message.signature else CheckResult.ABSENT,
        CheckResult.ABSENT if message.mac is None else CheckResult.NO_KEY,
    )


def authenticate(
    message: Message,
    keys: Keystore,
    *,
    now: datetime | None = None,
    policy: ProtectionPolicy = DEFAULT_POLICY,
) -> None:
    """Believe a message, or not; signature first, then MAC, as devices do.

    Args:
        message: any message of a use case in ``codes.USE_CASES``.
        keys: those this side trusts; to a device, its trust anchors.
        now: the time certificates must be valid at, None where no clock is trusted.
        policy: what is believed besides.

    Raises:
        PeerError: it must not be believed; the status is NOT_AUTHORIZED.
    """
    leg = leg_of(message)
    if leg is None:
        raise _refused(f"message code {message.message_code:04X} is none we authenticate")
    _require_form(message, leg)
    _require_originator(message, leg, keys, now, policy)
    if leg.signed and _check_signature(message, keys) is not CheckResult.VALID:
        raise _refused(f"the signature is not that of {format_eui64(message.originator)}")
    if leg.mac is not MacKey.NONE:
        _require_mac(message, keys, now, policy)


def leg_of(message: Message) -> Leg | None:
    """How a message must be protected; None for use cases no table knows."""
    use_case = USE_CASES.get(message.message_code)
    return None if use_case is None else LEGS.get((use_case.category, message.cra))


def sign(message: Message, keys: Keystore) -> Message:
    """Sign as the originator; what a user does to a pre-command.

    Raises:
        LocalError: the originator's signing key is not at hand.
    """
    signer = keys.signer(message.originator)
    if signer is None:
        raise LocalError(f"no signing key of {format_eui64(message.originator)} is at hand")
    return message._replace(signature=signer.sign(signed_octets(message)))


def seal(message: Message, keys: Keystore) -> Message:
    """Add the MAC; for a command, what the broker does on its way to the device.

    Raises:
        LocalError: neither private key of the pair is at hand, or the message is not signed yet.
    """
    for one, other in _mac_pairs(message, keys):
        secret = keys.shared_secret(one, other)
        if secret is not None:
            return message._replace(mac=compute_mac(secret, message))
    raise LocalError(
        f"no key pair at hand for the MAC between {format_eui64(message.originator)} and "
        f"{format_eui64(message.recipient)}"
    )


def protect(message: Message, keys: Keystore) -> Message:
    """Do to a message what its use case demands: sign it, MAC it, both, or say it has neither.

    Raises:
        LocalError: a key is missing, or no table knows the use case.
    """
    leg = leg_of(message)
    if leg is None:
        raise LocalError(f"no rule how to protect message code {message.message_code:04X}")
    done = sign(message, keys) if leg.signed else message._replace(signature=b"")
    return done if leg.mac is MacKey.NONE else seal(done, keys)


def _check_signature(message: Message, keys: Keystore) -> CheckResult:
    if not message.signature:
        return CheckResult.ABSENT
    key = keys.verifying_key(message.originator)
    if key is None:
        return CheckResult.NO_KEY
    return CheckResult.VALID if verify_signature(message, key) else CheckResult.INVALID


def _check_mac(message: Message, keys: Keystore) -> CheckResult:
    if message.mac is None:
        return CheckResult.ABSENT
    verdict = CheckResult.NO_KEY
    for one, other in _mac_pairs(message, keys):
        secret = keys.shared_secret(one, other)
        if secret is None:
            continue
        if verify_mac(secret, message):
            return CheckResult.VALID
        verdict = CheckResult.INVALID
    return verdict


def _mac_pairs(message: Message, keys: Keystore) -> Iterator[tuple[int, int]]:
    """Whose keys may have made the MAC; a device commands another without a broker between."""
    if message.cra is not Cra.COMMAND or keys.is_device(message.originator):
        yield message.originator, message.recipient
        return
    for broker in keys.parties(Role.ACCESS_CONTROL_BROKER) or _supposed_brokers(message, keys):
        yield broker, message.recipient


def _supposed_brokers(message: Message, keys: Keystore) -> Iterator[int]:
    """Who may be the broker where no certificate says who is: bare keys and secrets say no role.

    The originator only if it asks for another, as none but a broker does.
    """
    for party in keys.unattributed(message.recipient):
        if party != message.originator or message.other_information.party is not None:
            yield party


def _require_form(message: Message, leg: Leg) -> None:
    if bool(message.signature) is not leg.signed:
        raise _refused("it is not signed" if leg.signed else "it is signed, and must not be")
    if (message.mac is not None) is not (leg.mac is not MacKey.NONE):
        raise _refused("it has no MAC" if message.mac is None else "it has a MAC, and must not")


def _require_originator(
    message: Message, leg: Leg, keys: Keystore, now: datetime | None, policy: ProtectionPolicy
) -> None:
    whose = message.originator
    use = KeyUse.SIGNING if leg.signed else KeyUse.AGREEMENT
    certificate = keys.certificate(message.originator, use)
    if certificate is None:
        raise _refused(f"no certificate of {format_eui64(whose)} is held")
    _require_valid(certificate, whose, now, policy)
    if certificate.eui64 is None:
        return  # a bare key that the policy trusts
    if message.cra is not Cra.COMMAND:
        if not certificate.is_device:
            raise _refused(f"{format_eui64(whose)} answers as a device, but is none")
        return
    if certificate.role not in policy.originators.get(message.message_code, frozenset()):
        raise _refused(f"{format_eui64(whose)} has no role that may give this command")


def _require_mac(
    message: Message, keys: Keystore, now: datetime | None, policy: ProtectionPolicy
) -> None:
    if message.cra is not Cra.COMMAND:
        if _check_mac(message, keys) is not CheckResult.VALID:
            raise _refused("the MAC is not that of device and recipient")
        return
    for role in policy.brokers:
        for broker in keys.parties(role):
            secret = keys.shared_secret(broker, message.recipient)
            if secret is None or not verify_mac(secret, message):
                continue
            certificate = keys.certificate(broker, KeyUse.AGREEMENT)
            if certificate is not None:
                _require_valid(certificate, broker, now, policy)
            return
    raise _refused("the MAC is not that of broker and device")


def _require_valid(
    certificate: Certificate, whose: int, now: datetime | None, policy: ProtectionPolicy
) -> None:
    if certificate.eui64 is None:
        if not policy.trust_bare_keys:
            raise _refused(f"the key of {format_eui64(whose)} comes without a certificate")
        return
    if policy.check_validity and now is not None and not certificate.valid_at(now):
        raise _refused(f"the certificate of {format_eui64(whose)} is not valid at {now:%Y-%m-%d}")


def _refused(reason: str) -> PeerError:
    return PeerError(reason, NOT_AUTHORIZED)
