"""An evidence pack: what proves a campaign, as files that somebody can check who has nothing else.

Pure; knows rows as their tables hold them, no database. Files:

- ``manifest.json``: what the pack is about, the SHA-256 of every other file, the signed head of the audit
  trail; ``manifest.sig`` is the fleet's signature of its octets, ``fleet-key.pem`` the key that checks it.
- ``chain.jsonl``: the audit trail. A line that is not for whoever gets the pack is there as its number and
  its hash only, so that the chain still holds.
- ``rows/TABLE.jsonl``: rows that the trail seals: decisions with signatures, verdicts of gates with their
  inputs, homes with versions before and after, instructions, notices, messages of devices.
- ``about.json``: the campaign, its policy and release as they stand.
- ``certificates/*.pem``: of devices that signed messages. ``report.html``: the same for people.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.audit_chain import AuditRow
from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError
from ota_engine.evidence.pack_zip import read_zip, write_zip
from ota_engine.fleet.kernel.heads import SignedHead
from ota_engine.fleet.kernel.signatures import sign

FORMAT: Final = 1
MANIFEST, SIGNATURE, FLEET_KEY = "manifest.json", "manifest.sig", "fleet-key.pem"
CHAIN, ABOUT, REPORT = "chain.jsonl", "about.json", "report.html"
ROWS, CERTIFICATES = "rows/", "certificates/"

#: One line of the trail as a pack has it: all of it, or number and hash.
ChainLine = tuple[Any, ...]


class PackScope(NamedTuple):
    """What a pack is about.

    Attributes:
        campaign: whose evidence.
        party: whose homes it holds alone; empty for all.
        retain_until: UTC seconds until which what is kept must be, by kind.
        made_with: which zota.
    """

    campaign: str
    party: str
    retain_until: Mapping[str, float]
    made_with: str


class PackContents(NamedTuple):
    """What goes into a pack.

    Attributes:
        scope: what it is about.
        head: of the trail, signed.
        chain: the trail; lines that are hidden are left to number and hash.
        rows: by table, lines of ``row_line``.
        about: plain values of what is not sealed.
        certificates: PEM by file name.
        report: the page for people.
    """

    scope: PackScope
    head: SignedHead
    chain: Iterable[ChainLine]
    rows: Mapping[str, bytes]
    about: Mapping[str, Any]
    certificates: Mapping[str, bytes]
    report: str


def shown_line(row: AuditRow) -> ChainLine:
    """Write a line of the trail whole."""
    record = row.record
    return (
        row.sequence,
        record.utc + 0.0,
        record.actor,
        record.action,
        record.subject,
        record.detail,
        row.hash,
    )


def hidden_line(row: AuditRow) -> ChainLine:
    """Write a line of the trail as number and hash."""
    return row.sequence, row.hash


def pack_octets(contents: PackContents, key: ec.EllipticCurvePrivateKey, public_pem: str) -> bytes:
    """Write a pack; the same contents give the same octets.

    Raises:
        LocalError: it is more than one file holds.
    """
    files = {
        ABOUT: _json(contents.about),
        CHAIN: _lines(contents.chain),
        FLEET_KEY: public_pem.encode("ascii"),
        REPORT: contents.report.encode(),
    }
    for table, lines in contents.rows.items():
        files[f"{ROWS}{table}.jsonl"] = lines
    for name, pem in contents.certificates.items():
        files[f"{CERTIFICATES}{name}"] = pem
    manifest = {
        "campaign": contents.scope.campaign,
        "files": {name: hashlib.sha256(octets).hexdigest() for name, octets in files.items()},
        "format": FORMAT,
        "head": contents.head._asdict(),
        "made_with": contents.scope.made_with,
        "party": contents.scope.party,
        "retain_until": dict(contents.scope.retain_until),
    }
    files[MANIFEST] = _json(manifest)
    files[SIGNATURE] = sign(key, files[MANIFEST]).hex().encode("ascii")
    return write_zip(files)


def head_of(pack: bytes) -> SignedHead:
    """Read the head of the trail that a pack has; nothing of it is verified.

    Raises:
        LocalError: it is no pack.
    """
    try:
        return SignedHead(**json.loads(read_zip(pack)[MANIFEST])["head"])
    except (KeyError, ValueError, TypeError, RecursionError):
        raise LocalError("no evidence pack: fetch it again") from None


def read_lines(octets: bytes, name: str) -> Iterator[Any]:
    """Read a file of JSON lines, one after the other.

    Raises:
        LocalError: a line is none.
    """
    for number, line in enumerate(BytesIO(octets), 1):
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            raise LocalError(f"{name}: line {number} is not what zota writes") from None


def row_line(values: Sequence[Any]) -> bytes:
    """Write the values of a row, as its table holds them, as a line."""
    plain = [value.hex() if isinstance(value, bytes) else value for value in values]
    return canonical_json(plain).encode("ascii") + b"\n"


def _json(values: Mapping[str, Any]) -> bytes:
    return canonical_json(values).encode("ascii")


def _lines(values: Iterable[Any]) -> bytes:
    return b"".join(canonical_json(one).encode("ascii") + b"\n" for one in values)
