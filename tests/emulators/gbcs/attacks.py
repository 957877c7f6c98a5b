"""Every attack on an order for a load switch, as octets somebody might bring it; none is obeyed."""

from collections.abc import Callable
from functools import partial

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import Cra
from ota_engine.gbcs.envelope import Message, grouping, parse, serialise
from ota_engine.gbcs.mac import compute_mac
from ota_engine.gbcs.protection import protect, sign
from tests.gbcs.parties import (
    BROKER,
    ESME,
    HCALCS,
    SECOND_SUPPLIER,
    SUPPLIER,
    WAN_PROVIDER,
    everyone,
)

#: Given the hash of the image that is held, and a counter that would do: the octets of the attack.
Attack = Callable[[bytes, int], bytes]


def _bare(digest: bytes, counter: int, supplier: int = SUPPLIER, device: int = HCALCS) -> Message:
    return compose.activate_firmware(digest, originator=supplier, recipient=device, counter=counter)


def _protected(message: Message) -> bytes:
    return serialise(protect(message, everyone()))


def _maced(message: Message, broker: int = BROKER) -> bytes:
    secret = everyone().shared_secret(broker, HCALCS)
    assert secret is not None
    return serialise(message._replace(mac=compute_mac(secret, message)))


def _flipped(digest: bytes, counter: int, octet: int) -> bytes:
    octets = bytearray(_protected(_bare(digest, counter)))
    octets[octet] ^= 1
    return bytes(octets)


def _forged(digest: bytes, counter: int) -> bytes:
    """The other supplier signs under this one's name; the broker is deceived."""
    stranger = everyone().signer(SECOND_SUPPLIER)
    assert stranger is not None
    forger = everyone().held_by(SUPPLIER, ())
    forger.add_signer(SUPPLIER, stranger)
    return _maced(sign(_bare(digest, counter), forger))


def _signed_in_der(digest: bytes, counter: int) -> bytes:
    signed = sign(_bare(digest, counter), everyone())
    assert signed.signature is not None
    r, s = (int.from_bytes(signed.signature[at : at + 32]) for at in (0, 32))
    der = encode_dss_signature(r, s)
    return grouping(signed) + len(der).to_bytes(1) + der


def _payload(digest: bytes, counter: int, spoil: Callable[[bytes], bytes]) -> bytes:
    bare = _bare(digest, counter)
    return _protected(bare._replace(payload=spoil(bare.payload)))


def _at(der: bytes, time: bytes) -> bytes:
    """The payload, with these characters as execution time."""
    content = der[2:] + b"\x18" + bytes((len(time),)) + time
    return b"\x30" + bytes((len(content),)) + content


PAYLOADS: dict[str, Callable[[bytes], bytes]] = {
    "truncated DER": lambda der: der[:-1],
    "octets behind the DER": lambda der: der + b"\x00",
    "another tag": lambda der: b"\x31" + der[1:],
    "nested DER": lambda der: b"\x30" + bytes((len(der),)) + der,
    "DER nested a hundred times": lambda der: b"\x30\x80" * 100 + der,
    "an indefinite length": lambda der: b"\x30\x80" + der[2:] + b"\x00\x00",
    "a length in two octets": lambda der: b"\x30\x81" + der[1:],
    "no payload": lambda der: b"",
    "oversized DER": lambda der: der + bytes(2000),
    "a leap second": lambda der: _at(der, b"20260301023060Z"),
    "a thirteenth month": lambda der: _at(der, b"20261301023000Z"),
    "a fraction of a second": lambda der: _at(der, b"20260301023000.5Z"),
    "a local time": lambda der: _at(der, b"20260301023000"),
}

#: Those that a tunnel carries: their own lengths say where they end.
ATTACKS: dict[str, Attack] = {
    "wrong supplier": lambda digest, n: _protected(_bare(digest, n, SECOND_SUPPLIER)),
    "broker as originator": lambda digest, n: _protected(_bare(digest, n, BROKER)),
    "WAN provider as originator": lambda digest, n: _protected(_bare(digest, n, WAN_PROVIDER)),
    "forged signature": _forged,
    "signature of zeros": lambda digest, n: _maced(_bare(digest, n)._replace(signature=bytes(64))),
    "no signature": lambda digest, n: _maced(_bare(digest, n)._replace(signature=b"")),
    "no MAC": lambda digest, n: serialise(sign(_bare(digest, n), everyone())),
    "MAC by the supplier's key": lambda digest, n: _maced(
        sign(_bare(digest, n), everyone()), SUPPLIER
    ),
    "for another device": lambda digest, n: _protected(_bare(digest, n, device=ESME)),
    "a response": lambda digest, n: serialise(
        parse(_protected(_bare(digest, n)))._replace(cra=Cra.RESPONSE)
    ),
    "an alert": lambda digest, n: serialise(
        parse(_protected(_bare(digest, n)))._replace(cra=Cra.ALERT)
    ),
    "another counter inside": lambda digest, n: _protected(
        _bare(digest, n + 1)._replace(counter=n)
    ),
    "flipped in the hash": lambda digest, n: _flipped(digest, n, 80),
    "flipped in the signature": lambda digest, n: _flipped(digest, n, -30),
    "flipped in the MAC": lambda digest, n: _flipped(digest, n, -1),
    "flipped in the counter": lambda digest, n: _flipped(digest, n, 24),
    **{name: partial(_payload, spoil=spoil) for name, spoil in PAYLOADS.items()},
}

#: Those that no tunnel would deliver whole.
UNCARRIED: dict[str, Attack] = {
    "signature in DER": _signed_in_der,
    "one octet short": lambda digest, n: _protected(_bare(digest, n))[:-1],
    "nothing": lambda digest, n: b"",
}
