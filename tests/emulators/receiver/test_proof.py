"""A receiver with keys of its own believes nobody: it verifies every message again."""

from pathlib import Path

import httpx
import pytest

from emulators.receiver.book import RecordBook
from emulators.receiver.letter import MAX_LETTER_BYTES, ReceivedOutcome, read_letter
from emulators.receiver.proof import ProofStanding, prove
from emulators.receiver.server import PATH, Receiver
from ota_engine.gbcs.envelope import MAX_MESSAGE_BYTES, Message, serialise
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.verification import CheckResult, Verification
from ota_engine.hub.activation.outcomes import verified
from ota_engine.telling.outcome_body import letter
from tests.gbcs.parties import all_messages, cs06, everyone
from tests.store.samples import outcome

PROTECTED = sorted(name for name, made in all_messages().items() if made.signature or made.mac)


def sent(message: bytes, verification: Verification | None = None) -> ReceivedOutcome:
    found = read_letter(letter(outcome("k", message=message, verification=verification)))
    assert isinstance(found, ReceivedOutcome)
    return found


def told(message: Message) -> ReceivedOutcome:
    return sent(serialise(message), verified(message))


@pytest.mark.parametrize("name", PROTECTED)
def test_a_message_the_engine_believed_is_proven(name: str) -> None:
    assert prove(told(all_messages()[name]), everyone()).standing is ProofStanding.PROVEN


def test_a_letter_without_a_message_proves_nothing() -> None:
    assert prove(sent(b""), everyone()).standing is ProofStanding.NONE


def test_without_a_key_that_fits_nothing_is_checked() -> None:
    assert prove(told(cs06()), Keystore()).standing is ProofStanding.UNCHECKED


@pytest.mark.parametrize("at", [-1, -20, 40])
def test_a_message_changed_on_its_way_is_disputed(at: int) -> None:
    octets = bytearray(serialise(cs06()))
    octets[at] ^= 1
    assert (
        prove(sent(bytes(octets), verified(cs06())), everyone()).standing is ProofStanding.DISPUTED
    )


def test_octets_that_are_no_message_are_disputed() -> None:
    assert prove(sent(b"nonsense"), everyone()).standing is ProofStanding.DISPUTED


def test_a_sender_that_says_otherwise_is_disputed() -> None:
    octets = serialise(cs06())
    said = sent(octets, Verification(CheckResult.ABSENT, CheckResult.VALID))
    assert prove(said, everyone()).standing is ProofStanding.DISPUTED
    in_other_words = said._replace(verification='"all is well"')
    assert prove(in_other_words, everyone()).standing is ProofStanding.PROVEN


def test_the_longest_message_there_is_makes_a_letter_that_is_taken() -> None:
    longest = cs06()._replace(payload=b"\x30" * (MAX_MESSAGE_BYTES - 400))
    assert len(letter(outcome("k", message=serialise(longest)))) <= MAX_LETTER_BYTES
    assert prove(sent(serialise(longest)), everyone()).standing is ProofStanding.DISPUTED


async def test_what_records_are_worth_is_counted_once_each(tmp_path: Path) -> None:
    with RecordBook(tmp_path / "records.jsonl") as book:
        receiver = Receiver(book, keys=everyone())
        transport = httpx.ASGITransport(app=receiver.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://receiver.example"
        ) as posting:
            proven = outcome("k", message=serialise(cs06()), verification=verified(cs06()))
            for each in (proven, proven, outcome("bare")):
                await posting.post(
                    PATH, content=letter(each), headers={"Content-Type": "application/json"}
                )
            status = (await posting.get("/")).json()
    assert status["proofs"] == {"no message": 1, "proven": 1}
