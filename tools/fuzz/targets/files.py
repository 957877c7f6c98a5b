"""Files that strangers bring: policies, scenarios, lists, repositories, packs, letters, books, memories."""

import io
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from zlib import crc32

from emulators.estate.scenario import read_scenario
from emulators.home.memory import read_home_memory
from emulators.ncp.faults import parse_plan
from emulators.ncp.memory import Memory
from emulators.receiver.letter import ReceivedOutcome, Refusal, kept_letter, read_letter
from ota_engine.errors import LocalError
from ota_engine.evidence import pack, pack_check
from ota_engine.evidence.pack import ABOUT, CERTIFICATES, ROWS, SIGNATURE
from ota_engine.evidence.pack_zip import read_zip, write_zip
from ota_engine.fleet.calendar.lists import read_slots
from ota_engine.fleet.campaigns.plan.policy import policy_of, policy_text, read_policy_toml
from ota_engine.fleet.inventory.importing import (
    ImportKind,
    KnownNames,
    refuse_other_columns,
    rows_of,
)
from ota_engine.fleet.kernel import heads
from ota_engine.fleet.kernel.decisions import RefusalCode
from ota_engine.fleet.kernel.seals import digest, seals_told
from ota_engine.fleet.kernel.signatures import is_signed
from ota_engine.fleet.releases.repository_file import read_repository
from ota_engine.gateway.text import kept_line, read_lines
from ota_engine.gbcs import keystore
from ota_engine.gbcs.certificates import read_certificate
from ota_engine.gbcs.envelope import serialise
from ota_engine.head_end.listings import BadLine, ListedHead, ListedRecord, read_listing
from ota_engine.service_user.device_lists import read_device_lines
from targets.drawn import drawn
from targets.gbcs import certificate_seeds, message_seeds
from targets.target import Target, one_line
from tests.emulators.ncp.host import formed
from tests.evidence.packed import whole_pack
from tests.fleet.campaigns.test_policies import EXAMPLE
from tests.fleet.imports.lists import device_lines, home_lines
from tests.gateway.test_text import ROWS as BOOKED
from tests.gbcs.parties import alerts

SCENARIO: Final = Path(__file__).parents[3] / "docs" / "examples" / "hub-campaign.toml"
PAGE: Final = 6_000  # octets of a file that people write by hand
LISTED: Final = 1 << 13
PACK: Final = 1 << 15
DECISIONS: Final = f"{ROWS}decisions.jsonl"
REFUSED: Final = ("campaign:c1", 0.0, 0, RefusalCode.FORBIDDEN, "", 5)
LINES: Final = ".jsonl"
WORDS: Final = f"{ROWS}signed_words.jsonl"


def _text(octets: bytes) -> str:
    """As a file is read that should be UTF-8; what is not is refused before."""
    return octets.decode("utf-8", "replace")


def policy_seeds() -> tuple[bytes, ...]:
    """A policy in TOML, the example of a rehearsal, and a policy as a campaign keeps it."""
    return (
        EXAMPLE.encode(),
        SCENARIO.read_bytes(),
        policy_text(read_policy_toml(EXAMPLE)).encode(),
    )


def planning(octets: bytes) -> None:
    """A policy is kept as it was read, or refused in one line."""
    text = _text(octets)
    for read in (read_policy_toml, policy_of.__wrapped__):
        try:
            policy = read(text)
        except LocalError as error:
            one_line(error)
        else:
            assert policy_of.__wrapped__(policy_text(policy)) == policy


def rehearsing(octets: bytes) -> None:
    """A scenario is read, or refused in one line."""
    _read_or_one_line(read_scenario, _text(octets), 1_000, 7)


def _read_or_one_line(read: Callable[..., Any], *arguments: Any) -> None:
    try:
        read(*arguments)
    except LocalError as error:
        one_line(error)


@cache
def list_seeds() -> tuple[bytes, ...]:
    """Lists of an estate, as CSV, JSON and lines of JSON."""
    homes, devices = ("\n".join(lines).encode() for lines in (home_lines(3), device_lines(3)))
    times = b"home,time\nref-1,2027-03-28 02:30\nref-2,2027-03-28T01:30Z\n"
    rows = [{"home": "ref-1", "region": "North", "time": "2026-01-01"}, {"home": "ref-2"}]
    array, lines = json.dumps(rows), "\n".join(map(json.dumps, rows))
    return (homes, devices, times, b"\xef\xbb\xbf" + homes, array.encode(), lines.encode())


def listing(octets: bytes) -> None:
    """A list gives records and bad lines in their order, and rows of the estate, or is refused."""
    try:
        listed = list(read_listing(io.BytesIO(octets)))
    except LocalError as error:
        one_line(error)
        return
    numbered = [one for one in listed if not isinstance(one, ListedHead)]
    lines = [one.line for one in numbered]
    assert lines == sorted(lines)
    assert all(one.text.isprintable() for one in numbered if isinstance(one, BadLine))
    records = [one for one in numbered if isinstance(one, ListedRecord)]
    _read_or_one_line(read_slots, records)
    kind = list(ImportKind)[crc32(octets) % len(ImportKind)]
    for one in listed:
        if isinstance(one, ListedHead):
            _read_or_one_line(refuse_other_columns, kind, one.names)
        elif isinstance(one, ListedRecord):
            _read_or_one_line(rows_of, kind, one.cells, _known())


@cache
def _known() -> KnownNames:
    return KnownNames(bytes(32), {"supplier-1": "supplier-1"}, {})


def repository_seeds() -> tuple[bytes, ...]:
    """A repository of firmware, one path to a line."""
    head = "cpl,variant,version,from_cpl,standing,source\n"
    rows = "c1,hub-1,00010000,N/A,,\nc2,hub-1,00010001,c1,tested,dcc\nc3,hub-1,00010002,,,\n"
    return ((head + rows).encode(),)


def storing(octets: bytes) -> None:
    """A repository is read, or refused in one line."""
    _read_or_one_line(read_repository, _text(octets).splitlines())


def naming(octets: bytes) -> None:
    """A list of devices names each once, and says of every other line what is wrong with it."""
    found = read_device_lines(_text(octets))
    assert len(set(found.devices)) == len(found.devices)
    assert all(bad.reason.isprintable() for bad in found.bad)


def device_seeds() -> tuple[bytes, ...]:
    """A list with a heading, a comment, and EUI-64s as people write them."""
    return (
        b"device,model\n# ours\n00-DB-12-34-56-78-90-A0,x\n00db1234567890a1\n0x00DB1234567890A2\n",
    )


@cache
def pack_seeds() -> tuple[bytes, ...]:
    """The files of a whole pack by themselves, behind the octet that names them; then with what others read.

    What is fed to policies, messages and certificates lies in packs, too, and would be found there slowly;
    so would a decision that was refused before anybody asked for its signature.
    """
    files = _pack()
    policy = json.dumps(json.loads(files[ABOUT])["campaign"]["policy"])
    message = serialise(alerts()["CCS08"]).hex()
    (certificate,) = (name for name in files if name.startswith(CERTIFICATES))
    others = [
        *((ABOUT, policy, json.dumps(_text(octets))) for octets in policy_seeds()),
        *((WORDS, message, octets.hex()) for octets in message_seeds()),
        *(
            (certificate, _text(files[certificate]), _text(octets))
            for octets in certificate_seeds()
        ),
    ]
    decision = files[DECISIONS].splitlines()[-1].decode()
    others.append((DECISIONS, decision, json.dumps([*json.loads(decision)[:4], "", *REFUSED])))
    told = [(name, files[name].replace(old.encode(), new.encode())) for name, old, new in others]
    at = {name: bytes((number,)) for number, name in enumerate(sorted(files))}
    return tuple(at[name] + octets for name, octets in [*sorted(files.items()), *told])


@cache
def _pack() -> dict[str, bytes]:
    return read_zip(whole_pack())


_lines_of: Final = pack.read_lines


@cache
def _read_before() -> dict[bytes, tuple[Any, ...]]:
    files = (octets for name, octets in _pack().items() if LINES in name)
    return {octets: tuple(_lines_of(octets, "")) for octets in files}


def _read_once(octets: bytes, name: str) -> Iterable[Any]:
    return _read_before().get(octets) or _lines_of(octets, name)


@cache
def _digests() -> dict[tuple[str, int], str]:
    """Digests of the rows that were read before, by their table and the identity of their values."""
    tables = {
        name.removeprefix(ROWS).removesuffix(LINES): _read_before()[octets]
        for name, octets in _pack().items()
        if name.startswith(ROWS)
    }
    return {
        (table, id(values)): digest(table, values)
        for table, rows in tables.items()
        for values in rows
    }


def _digest_once(table: str, values: Sequence[Any]) -> str:
    return _digests().get((table, id(values))) or digest(table, values)


def _once(function: Callable[..., Any]) -> Callable[..., Any]:
    remembering = lru_cache(maxsize=1 << 10, typed=True)(function)

    def once(*arguments: Any) -> Any:
        try:
            return remembering(*arguments)
        except TypeError:  # what cannot be remembered
            return function(*arguments)

    return once


ONCE: Final = (
    (pack, "read_lines", _read_once),
    (pack_check, "digest", _digest_once),
    (pack_check, "seals_told", _once(seals_told)),
    (pack_check, "is_signed", _once(is_signed)),
    (heads, "is_signed", _once(is_signed)),
    (keystore, "read_certificate", _once(read_certificate)),
)


def packing(octets: bytes) -> None:
    """A pack in which a file was changed is verified to the end, and is not good.

    Its signature may be written in other digits. What stays is read, and looked at, once.
    """
    files = dict(_pack())
    name = sorted(files)[(octets[0] if octets else 0) % len(files)]
    same = files[name] == octets[1:]
    files[name] = octets[1:]
    with ExitStack() as stack:
        for module, function, once in ONCE:
            stack.enter_context(patch.object(module, function, once))
        found = pack_check.verify_pack(write_zip(files))
    assert found.good == same or name == SIGNATURE, name
    assert all(line.isprintable() for line in found.findings)


def zip_seeds() -> tuple[bytes, ...]:
    """Small zips."""
    return (write_zip({"a": b"1"}), write_zip({"a": b"", "b/c.json": b"{}"}), write_zip({}))


def unzipping(octets: bytes) -> None:
    """A zip is written again octet for octet, or refused in one line."""
    try:
        files = read_zip(octets)
    except LocalError as error:
        one_line(error)
        return
    assert write_zip(files) == octets


def letter_seeds() -> tuple[bytes, ...]:
    """Letters with outcomes."""
    from tests.emulators.receiver.test_letter import GOOD, posted  # noqa: PLC0415 - loads an engine

    return (posted(), json.dumps(GOOD | {"message": "AAAA"}).encode())


def receiving(octets: bytes) -> None:
    """A letter is kept as one line, which says the same when it is read again, or is refused."""
    found = read_letter(octets)
    if isinstance(found, Refusal):
        assert 400 <= found.status < 500
        one_line(ValueError(found.reason))
        return
    assert isinstance(found, ReceivedOutcome)
    assert found.line.count(b"\n") == 1 and found.line.isascii()
    assert kept_letter(found.line) == found


@cache
def book_seeds() -> tuple[bytes, ...]:
    """Lines that a gateway keeps."""
    return tuple(map(kept_line, drawn(BOOKED, 60)))


def booking(octets: bytes) -> None:
    """The book of a gateway is read, and its rows are written as lines that say the same, or refused."""
    try:
        rows = read_lines(octets.splitlines())
    except LocalError as error:
        one_line(error)
        return
    for row in rows.values():
        with suppress(ValueError, TypeError):  # a row of ours was changed so that it says nothing
            assert read_lines([kept_line(row)]) is not None


def memory_seeds() -> tuple[bytes, ...]:
    """What a virtual dongle remembers, plans of faults, and the memory of a home."""
    plan = 'noise = 0.1\ndrop = 0.1\nseed = 3\n[[event]]\nkind = "reset"\nat = 3.5\n'
    home = '{"format": 1, "sectors": {"a": "AAAA"}, "devices": {"0011223344556677": {}}}'
    return (formed().dump().encode(), plan.encode(), home.encode())


def remembering(octets: bytes) -> None:
    """Memories and plans are read, or refused in one line."""
    text = _text(octets)
    readers: tuple[Callable[[str], Any], ...] = (Memory.load, parse_plan, read_home_memory)
    for read in readers:
        _read_or_one_line(read, text)


FLEET: Final = "ota_engine.fleet"
LISTS: Final = (
    "ota_engine.cells",
    "ota_engine.head_end.listings",
    f"{FLEET}.calendar.lists",
    f"{FLEET}.inventory.importing",
)
MEMORIES: Final = ("emulators.ncp.memory", "emulators.ncp.faults", "emulators.home.memory")
TARGETS: Final = {
    "policy": Target(policy_seeds, planning, (f"{FLEET}.campaigns.plan",), 2, PAGE),
    "scenario": Target(
        lambda: (SCENARIO.read_bytes(),), rehearsing, ("emulators.estate.scenario",), 2, PAGE
    ),
    "lists": Target(list_seeds, listing, LISTS, 2, LISTED),
    "repository": Target(
        repository_seeds, storing, (f"{FLEET}.releases.repository_file",), 1, PAGE
    ),
    "device-list": Target(device_seeds, naming, ("ota_engine.service_user.device_lists",), 1, PAGE),
    "pack": Target(pack_seeds, packing, ("ota_engine.evidence.pack_check",), 4, PACK),
    "zip": Target(zip_seeds, unzipping, ("ota_engine.evidence.pack_zip",), 1, PAGE),
    "letter": Target(letter_seeds, receiving, ("emulators.receiver.letter",), 1, PAGE),
    "book": Target(book_seeds, booking, ("ota_engine.gateway.text",), 1, PAGE),
    "memory": Target(memory_seeds, remembering, MEMORIES, 2, PAGE),
}
