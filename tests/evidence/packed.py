"""A roll-out of six homes to make packs of: four run the release, one failed, all told; kay signs."""

import hashlib
import json
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.audit_chain import AuditHead, AuditRow, extend
from ota_engine.canonical import canonical_json
from ota_engine.evidence.pack import CHAIN, MANIFEST, SIGNATURE
from ota_engine.evidence.pack import FLEET_KEY as KEY_FILE
from ota_engine.evidence.pack_zip import read_zip, write_zip
from ota_engine.fleet.campaigns.assessment import StatePosition
from ota_engine.fleet.campaigns.rows import Member
from ota_engine.fleet.campaigns.steering import KeepHome, PauseCampaign, ResumeCampaign
from ota_engine.fleet.campaigns.voices import Stance
from ota_engine.fleet.kernel.heads import sign_head
from ota_engine.fleet.kernel.signatures import sign
from ota_engine.fleet.port import HubOutcome, HubWord
from ota_engine.gbcs.envelope import serialise
from ota_engine.head_end.packing import PackOrder, export_pack
from ota_engine.records import AuditRecord
from ota_engine.store.fleet.keyring import FleetKey
from ota_engine.times import Utc
from tests.fleet.estate import DAY, KAYS_KEY, VERSION
from tests.fleet.rollout import RollOutTown, gate, phase, policy
from tests.gbcs.parties import alerts, files

FLEET_KEY: Final = FleetKey(ec.derive_private_key(0xF1EE7, ec.SECP256R1()))
KEEP: Final = {"decisions": 10.0, "homes": 3.0}


class PackTown(RollOutTown):
    """A town whose roll-out has gone through its pilot."""

    def __init__(self) -> None:
        super().__init__(6)
        lenient = gate(success_permille=700)
        self.begin(policy(phase("pilot", 4, gate=lenient), phase("mass")))
        for home in ("h2", "h4", "h6"):
            self.ask("olive", KeepHome("c1", home, self.utc + DAY), "they are away")
        for person in ("eve", "will"):
            self.ask(person, StatePosition("c1", 1, Stance.NOTES), f"{person} has seen it")
        pilot = [member.home for member in self.members(1)]
        self.finish(*pilot[:-1])
        self.prove(pilot[0])
        self.fail(pilot[-1])
        reply = self.ask("kay", PauseCampaign("c1"), "look at it", signer=KAYS_KEY)
        assert reply.accepted, reply.text
        resume = ResumeCampaign("c1")
        again = self.ask("kay", resume, "all is well", revision=reply.revision, signer=KAYS_KEY)
        assert again.accepted, again.text
        self.pass_time(4 * DAY)
        self.deliver()

    def members(self, number: int) -> list[Any]:
        """The homes of a phase."""
        return self.rows(Member, campaign="c1", phase=number)

    def prove(self, home: str) -> None:
        """Have a hub send the signed alert that a home's device holds the image."""
        octets = serialise(alerts()["CCS08"])
        device = self.member(home).device
        word = HubOutcome(
            "alert", "c1", 1, home, device, HubWord.TRANSFERRED, "", VERSION, octets, self.utc
        )
        self.happen(word)

    def export(self, party: str = "", certificates: dict[str, bytes] | None = None) -> bytes:
        """Make a pack."""
        found = certificate_files() if certificates is None else certificates
        return export_pack(
            self.store, FLEET_KEY, PackOrder("c1", party, KEEP, found, "zota of a test")
        )


def certificate_files() -> dict[str, bytes]:
    """The certificates of every device."""
    return {name: octets for name, octets in files().items() if name.endswith("-ds.pem")}


@cache
def whole_pack() -> bytes:
    """The pack of everybody, made once."""
    return PackTown().export()


def anew(lines: list[list[Any]]) -> list[list[Any]]:
    """Compute the hashes of a trail anew, as somebody would who has changed it."""
    records = [AuditRecord(Utc(line[1]), *line[2:6]) for line in lines]
    rows: list[AuditRow] = extend(AuditHead(), records)
    return [[*line[:6], row.hash] for line, row in zip(lines, rows, strict=True)]


def opened(octets: bytes) -> tuple[dict[str, bytes], dict[str, Any], list[list[Any]]]:
    """The files of a pack, its manifest and its trail."""
    found = read_zip(octets)
    lines = [json.loads(line) for line in found[CHAIN].splitlines()]
    return found, json.loads(found[MANIFEST]), lines


def sealed_up(
    files: dict[str, bytes], manifest: dict[str, Any], lines: list[list[Any]], key: FleetKey
) -> bytes:
    """Close a pack again as its maker would, with a key of one's own."""
    files[CHAIN] = b"".join(canonical_json(line).encode() + b"\n" for line in lines)
    files[KEY_FILE] = key.public_pem.encode()
    head = sign_head(AuditHead(len(lines), lines[-1][-1]), key.private, Utc(0.0))
    manifest["head"] = head._asdict()
    manifest["files"] = {
        name: hashlib.sha256(octets).hexdigest()
        for name, octets in files.items()
        if name not in (MANIFEST, SIGNATURE)
    }
    files[MANIFEST] = canonical_json(manifest).encode()
    files[SIGNATURE] = sign(key.private, files[MANIFEST]).hex().encode()
    return write_zip(files)
