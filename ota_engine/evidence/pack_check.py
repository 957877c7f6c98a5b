"""Verifies an evidence pack by nothing but itself and what its reader knows of the fleet; pure.

Whoever changes an octet is found by the digests and the fleet's signature. Whoever writes the trail anew,
with another verdict in it, cannot sign its head, and it does not lead to a head that was noted earlier.
Everything is checked that can be: rows against the trail, decisions against the keys of their persons,
verdicts against their inputs, homes against what their devices reported and signed.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm

from ota_engine.audit_chain import GENESIS, row_hash
from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError, ZotaError
from ota_engine.evidence import pack
from ota_engine.evidence.pack_messages import MessageCheck
from ota_engine.evidence.pack_zip import read_zip
from ota_engine.fleet.campaigns.gates import GateInputs, OpenIncident, judge
from ota_engine.fleet.campaigns.plan.policy import policy_of
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.kernel.decisions import RefusalCode
from ota_engine.fleet.kernel.heads import SignedHead, is_head_signed
from ota_engine.fleet.kernel.rows import field_names
from ota_engine.fleet.kernel.seals import SEAL, digest, seals_told
from ota_engine.fleet.kernel.signatures import is_signed
from ota_engine.fleet.tables import KINDS
from ota_engine.records import AuditRecord
from ota_engine.times import Utc
from ota_engine.wording import printable

_KINDS: Final[Mapping[str, type[Any]]] = {kind.TABLE: kind for kind in KINDS}
_UNSIGNED: Final = f"refused {RefusalCode.SIGNATURE}"
_SHOWN, _HIDDEN = 7, 2  # values of a line of the trail
_MOST_TOLD: Final = 20  # findings of one kind
_BROKEN: Final = (
    ArithmeticError,  # numbers that no moment or count has
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)

Named = Mapping[str, Any]


class KnownFleet(NamedTuple):
    """What the reader of a pack knows of the fleet from elsewhere.

    Attributes:
        public_pem: its key, None when it is not known.
        head: hash of a head noted earlier, from a letter say; None for none.
    """

    public_pem: str | None = None
    head: str | None = None


@dataclass(slots=True)
class PackVerdict:
    """What was found.

    Attributes:
        campaign: that the pack is about.
        party: whose homes it holds alone; empty for all.
        findings: what is wrong, each in one line; none for a pack that verifies.
        facts: what was checked, by name, in words.
        retain_until: UTC seconds until which it must be kept, by kind.
        key_sha256: of the fleet's key as it is in the pack.
        head: hash of the last line of the trail.
    """

    campaign: str = ""
    party: str = ""
    findings: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    retain_until: dict[str, float] = field(default_factory=dict)
    key_sha256: str = ""
    head: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def add(self, lines: Sequence[str]) -> None:
        """Add findings of one kind; of very many the first ones and their number."""
        self.findings += lines[:_MOST_TOLD]
        if len(lines) > _MOST_TOLD:
            self.findings.append(f"and {len(lines) - _MOST_TOLD:,} more of that kind")


def verify_pack(octets: bytes, known: KnownFleet = KnownFleet()) -> PackVerdict:  # noqa: B008 - a value
    """Verify a pack.

    Raises:
        LocalError: it is none.
    """
    found = PackVerdict()
    try:
        files = read_zip(octets)
    except LocalError as error:
        found.findings.append(str(error))
        return found
    checks: tuple[Callable[[Mapping[str, bytes], KnownFleet, PackVerdict], None], ...] = (
        _check_manifest,
        _check_chain,
        _check_rows,
        _check_decisions,
        _check_verdicts,
        _check_homes,
        _check_messages,
    )
    for check in checks:
        try:
            check(files, known, found)
        except ZotaError as error:
            found.findings.append(str(error))
        except _BROKEN:
            what = check.__name__.removeprefix("_check_")
            found.findings.append(f"the {what} of the pack cannot be read as what zota writes")
    found.findings[:] = map(printable, found.findings)
    found.facts = {name: printable(fact) for name, fact in found.facts.items()}
    return found


# --- what holds the pack together ----------------------------------------------------------------


def _check_manifest(files: Mapping[str, bytes], known: KnownFleet, found: PackVerdict) -> None:
    manifest = _json(files[pack.MANIFEST])
    if manifest["format"] != pack.FORMAT:
        raise LocalError(
            f"the pack is of format {manifest['format']!a}: verify it with the zota that made it"
        )
    found.campaign, found.party = str(manifest["campaign"]), str(manifest["party"])
    found.retain_until = {str(k): float(v) for k, v in manifest["retain_until"].items()}
    listed = manifest["files"]
    there = set(files) - {pack.MANIFEST, pack.SIGNATURE}
    found.add([f"{name} is not in the pack" for name in sorted(set(listed) - there)])
    found.add([f"{name} is in the pack and not listed" for name in sorted(there - set(listed))])
    found.add(
        [
            f"{name} is not what was written"
            for name in sorted(there & set(listed))
            if hashlib.sha256(files[name]).hexdigest() != listed[name]
        ]
    )
    _check_key(files, manifest, known, found)


def _check_key(
    files: Mapping[str, bytes], manifest: Named, known: KnownFleet, found: PackVerdict
) -> None:
    public = files[pack.FLEET_KEY].decode("ascii")
    found.key_sha256 = hashlib.sha256(files[pack.FLEET_KEY]).hexdigest()
    if known.public_pem is not None and _plain_pem(known.public_pem) != _plain_pem(public):
        found.findings.append("the pack is signed with another key than the one that is known")
    signature = bytes.fromhex(files[pack.SIGNATURE].decode("ascii"))
    if not _signed(files[pack.MANIFEST], signature, public):
        found.findings.append("the manifest is not signed by the fleet's key in the pack")
    head = SignedHead(**manifest["head"])
    if not is_head_signed(head, public):
        found.findings.append("the head of the trail is not signed by the fleet's key in the pack")
    whose = "as known" if known.public_pem is not None else "compare it with the one you know"
    found.facts["fleet key"] = f"SHA-256 {found.key_sha256}, {whose}"


def _plain_pem(text: str) -> str:
    return "".join(text.split())


def _check_chain(files: Mapping[str, bytes], known: KnownFleet, found: PackVerdict) -> None:
    head = SignedHead(**_json(files[pack.MANIFEST])["head"])
    previous, hidden = GENESIS, 0
    seen = known.head is None or known.head == GENESIS
    number = 0
    for number, line in enumerate(_chain(files), 1):
        if line[0] != number or len(line) not in (_SHOWN, _HIDDEN):
            raise LocalError(f"line {number} of the trail is missing")
        if len(line) == _SHOWN:
            record = AuditRecord(Utc(float(line[1])), *line[2:6])
            if row_hash(previous, number, record) != line[-1]:
                raise LocalError(f"line {number} of the trail is not what was written")
        else:
            hidden += 1
        previous = line[-1]
        seen = seen or previous == known.head
    found.head = previous
    if (number, previous) != (head.length, head.hash):
        raise LocalError("the trail does not end where its signed head says")
    if not seen:
        raise LocalError("the known head is not in the trail: it was written anew")
    said = f"{number:,} lines, {hidden:,} of them as hashes only" if hidden else f"{number:,} lines"
    found.facts["trail"] = f"{said}; head {previous}"


def _chain(files: Mapping[str, bytes]) -> Iterator[Any]:
    return pack.read_lines(files[pack.CHAIN], pack.CHAIN)


def _check_rows(files: Mapping[str, bytes], known: KnownFleet, found: PackVerdict) -> None:
    sealed: set[str] = set()
    for line in _chain(files):
        told = seals_told(line[2], line[3], line[5]) if len(line) == _SHOWN else None
        if told is not None:
            sealed.difference_update(told.lifted)
            sealed.update(told.sealed)
    wrong, count = [], 0
    for name in sorted(files):
        if name.startswith(pack.ROWS):
            table = name.removeprefix(pack.ROWS).removesuffix(".jsonl")
            for values in pack.read_lines(files[name], name):
                count += 1
                if digest(table, values) not in sealed:
                    wrong.append(f"{name}: {str(values[0])[:40]} is not what the trail seals")
    found.add(wrong)
    found.facts["rows"] = f"{count:,}, each as the trail seals it"


def _rows(files: Mapping[str, bytes], table: str) -> Iterator[Named]:
    name = f"{pack.ROWS}{table}.jsonl"
    if name in files:
        names = field_names(_KINDS[table])
        for values in pack.read_lines(files[name], name):
            yield dict(zip(names, values, strict=True))


# --- decisions and verdicts ----------------------------------------------------------------------


def _check_decisions(files: Mapping[str, bytes], known: KnownFleet, found: PackVerdict) -> None:
    places = _places(files)
    rows = sorted(_rows(files, "decisions"), key=lambda row: places.get(row["key"], 0))
    keys: dict[str, str] = dict(_json(files[pack.ABOUT])["keys"])
    decided: dict[str, str] = {}
    wrong, signed, strangers = [], 0, 0
    for row in rows:
        content = json.loads(row["content"])
        if (content["key"], content["person"]) != (row["key"], row["person"]):
            wrong.append(f"decision {row['key']} is not that of its signed words")
        act = content["act"], content["fields"]
        if row["accepted"] and act[0] == "FoundEstate":
            _learn(*act, decided)
        public = decided.get(row["person"]) or keys.get(row["person"], "")
        if public and _signed(
            row["content"].encode("ascii"), bytes.fromhex(row["signature"]), public
        ):
            signed += 1
        elif not row["accepted"] and row["code"] == RefusalCode.FORBIDDEN:
            strangers += 1  # refused before a signature was asked for
        elif public:
            wrong.append(f"decision {row['key']} is not signed by {row['person']}")
        if row["accepted"]:
            _learn(*act, decided)
    facts = [f"{signed:,} signed by their persons"]
    if strangers:
        facts.append(f"{strangers:,} unsigned and refused: not theirs to decide")
    if unsigned := len(rows) - signed - strangers - len(wrong):
        facts.append(f"{unsigned:,} by persons without a key")
    found.facts["decisions"] = ", ".join(facts)
    found.add(wrong + _missing_decisions(files, rows))


def _places(files: Mapping[str, bytes]) -> dict[str, int]:
    """Say in which line of the trail each decision is told of."""
    return {
        str(json.loads(line[5]).get("decision")): line[0]
        for line in _chain(files)
        if len(line) == _SHOWN and line[3] != SEAL
    }


def _learn(act: str, told: Named, keys: dict[str, str]) -> None:
    """Take note of the keys that a decision gives persons."""
    match act:
        case "FoundEstate":
            keys.update({person: public for person, _, public in told["persons"]})
        case "RegisterPerson" | "ReplaceKey":
            keys[told["person"]] = told["key"]


def _missing_decisions(files: Mapping[str, bytes], rows: Sequence[Named]) -> list[str]:
    """Name decisions about the campaign that the trail tells of and the pack leaves out.

    What its person did not sign is in the trail only: no row is kept of it.
    """
    subject = f"campaign:{_json(files[pack.MANIFEST])['campaign']}"
    there = {row["key"] for row in rows}
    told = [
        json.loads(line[5]).get("decision")
        for line in _chain(files)
        if len(line) == _SHOWN and line[4] == subject and line[3] != _UNSIGNED
    ]
    return [
        f"decision {key} is told of in the trail and left out"
        for key in told
        if key not in {None, *there}
    ]


def _check_verdicts(files: Mapping[str, bytes], known: KnownFleet, found: PackVerdict) -> None:
    campaign = _json(files[pack.ABOUT])["campaign"]
    text = campaign["policy"]
    agreed = hashlib.sha256(text.encode("ascii")).hexdigest()
    policy = policy_of(text)
    wrong = [] if agreed == campaign["policy_hash"] else ["the policy is not that of its hash"]
    rows = list(_rows(files, "gate_decisions"))
    for row in rows:
        name = f"verdict {row['number']} of phase {row['phase']}"
        if row["policy_hash"] != agreed:
            wrong.append(f"{name} was given by another policy")
        inputs = _inputs(json.loads(row["inputs"]))
        judged = judge(policy.phases[row["phase"] - 1].gate, inputs, Utc(row["utc"]))
        if judged.verdict != row["verdict"]:
            wrong.append(f"{name} is {row['verdict']}: its inputs give {judged.verdict}")
    wrong += _untold_verdicts(files, rows)
    found.add(wrong)
    counts = Counter(row["verdict"] for row in rows)
    said = ", ".join(f"{number:,} {verdict}" for verdict, number in sorted(counts.items()))
    found.facts["verdicts"] = f"{said or 'none'}; each judged anew from its inputs"


def _inputs(told: Named) -> GateInputs:
    values = {name: told[name] for name in field_names(GateInputs) if name in told}
    values = {name: _tuple(value) for name, value in values.items()}
    values["incidents"] = tuple(OpenIncident(*one) for one in values["incidents"])
    return GateInputs(**values)


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _untold_verdicts(files: Mapping[str, bytes], rows: Sequence[Named]) -> list[str]:
    """Compare verdicts with what the trail tells of them, both ways."""
    subject = f"campaign:{_json(files[pack.MANIFEST])['campaign']}"
    told = set()
    for line in _chain(files):
        if len(line) == _SHOWN and line[4] == subject and line[3].startswith("gate "):
            detail = json.loads(line[5])
            told.add((detail["phase"], detail["number"], line[3].removeprefix("gate ")))
    there = {(row["phase"], row["number"], row["verdict"]) for row in rows}
    wrong = [f"verdict {n} of phase {p} is not in the trail" for p, n, _ in sorted(there - told)]
    return wrong + [
        f"verdict {number} of phase {phase} is in the trail and left out, or another one"
        for phase, number, _ in sorted(told - there)
    ]


# --- homes ---------------------------------------------------------------------------------------


def _check_homes(files: Mapping[str, bytes], known: KnownFleet, found: PackVerdict) -> None:
    version = _json(files[pack.ABOUT])["release"]["version"]
    counts: Counter[str] = Counter()
    before: Counter[int | None] = Counter()
    wrong = []
    for row in _rows(files, "members"):
        counts[row["state"]] += 1
        if row["state"] != MemberState.ACTIVATED:
            continue
        before[row["version_before"]] += 1
        if row["version_after"] != version:
            wrong.append(f"home {row['home']} is activated and says that it runs something else")
    found.add(wrong)
    said = ", ".join(f"{number:,} {state}" for state, number in sorted(counts.items()))
    found.facts["homes"] = said or "none"
    ways = [
        f"{number:,} from {'unknown' if old is None else f'{old:08X}'}"
        for old, number in sorted(before.items(), key=lambda pair: -pair[1])
    ]
    found.facts["versions"] = f"{', '.join(ways) or 'none'} to {version:08X}"


def _check_messages(files: Mapping[str, bytes], known: KnownFleet, found: PackVerdict) -> None:
    certificates = {
        name.removeprefix(pack.CERTIFICATES): octets
        for name, octets in files.items()
        if name.startswith(pack.CERTIFICATES)
    }
    check = MessageCheck(certificates)
    wrong = [
        line
        for row in _rows(files, "signed_words")
        if (line := check.finding(row["message"], row["key"]))
    ]
    found.add(wrong)
    found.facts["messages"] = check.told()


def _json(octets: bytes) -> Any:
    values = json.loads(octets)
    if canonical_json(values).encode("ascii") != octets:
        raise LocalError("a file of the pack is not written as zota writes it")
    return values


def _signed(octets: bytes, signature: bytes, public_pem: str) -> bool:
    try:
        return is_signed(octets, signature, public_pem)
    except (ValueError, UnsupportedAlgorithm):
        return False
