"""One campaign from its proposal to its last home, told so that it can be taken up after any crash.

The fleet is a database in a file; hubs and parties are files, too, that remember what they heard.
Whoever is not sure to have been understood says it again: people their decisions, hubs their words.
"""

from collections.abc import Iterator
from pathlib import Path

from emulators.estate.paperwork import paperwork, stated_paths
from emulators.estate.population import EstateSpec, homes, people
from ota_engine.canonical import canonical_json
from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.rows import GateDecision, Member, MemberState, Sum
from ota_engine.fleet.fleet import Fleet, FleetEvent
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.decisions import Decision, DecisionRow
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.notices.delivery import NoticeDelivered
from ota_engine.fleet.notices.rows import Notice, NoticeState
from ota_engine.fleet.parties.rows import Party
from ota_engine.fleet.port import (
    HubOutcome,
    HubWord,
    Instruction,
    InstructionState,
    InstructionTaken,
    Verb,
)
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.fleet.releases.rows import ReleaseType
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc
from tests.fleet.estate import BEGIN, VERSION
from tests.fleet.town import one_phase

DATABASE = "fleet.sqlite"
HOMES = EstateSpec(3, 1, suppliers=2)
EVIDENCE = (DecisionRow, Member, Sum, GateDecision, Instruction, Notice)
WORDS = {
    Verb.ASSIGN: (HubWord.REACHED, HubWord.TRANSFERRED),
    Verb.ACTIVATE: (HubWord.ACTIVATED,),
}


class Story:
    """The fleet in a folder, and the world around it.

    Attributes:
        OPENS: class of its store.
    """

    OPENS: type[FleetStore] = FleetStore

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        folder.mkdir(exist_ok=True)
        self.store = self.OPENS.open(folder / DATABASE, durable=durable)
        self.desk = FleetDesk(Fleet(), self.store)
        self._clock = folder / "clock"
        self._hubs = folder / "hubs"
        self._letters = folder / "letters"
        self.utc = Utc(float(self._clock.read_text())) if self._clock.exists() else BEGIN

    def play(self) -> None:
        """Take the story up where it stands, and go on to its end."""
        self._furnish()
        for decision in _decisions():
            self.desk.decide(decision, BEGIN)
        while True:
            self._step()
            if self._is_over():
                return
            following = self.desk.next_wake()
            assert following is not None, "nothing more happens"
            self._go_to(max(self.utc, following))

    def close(self) -> None:
        self.store.close()

    def ending(self) -> dict[str, object]:
        """All that is left of the story: rows, the head of the audit trail, what the world heard."""
        with self.store.reading():
            rows = {kind.TABLE: self.store.select(Select(kind)) for kind in EVIDENCE}
            head = self.store.audit_head()
        with self.store.reading():
            assert self.store.verify_audit() is None
            assert list(self.store.broken_seals()) == []
        return {
            **rows,
            "audit": head,
            "hubs": self._hubs.read_text().splitlines(),
            "letters": sorted(set(self._letters.read_text().splitlines())),
        }

    def _furnish(self) -> None:
        with self.store.transaction():
            if self.store.select(Select(Party, limit=1)):
                return
            self.store.insert(people(HOMES))
            self.store.insert(homes(HOMES))
            self.store.insert(stated_paths("hub-1", {"CPL-0": HOMES.version, "CPL-1": VERSION}))
            self.store.insert(paperwork("r1", VERSION, "CPL-1", "ab" * 32, BEGIN))

    def _step(self) -> None:
        self.desk.wake(self.utc)
        self._serve()
        with self.store.reading():
            names = sorted(home.home for home in self.store.select(Select(Home)))
        for name in names:
            self._listen(name)

    def _tell(self, event: FleetEvent) -> None:
        """Let one thing happen, and all that it leads to."""
        self.desk.handle([event], self.utc)
        self.desk.wake(self.utc)

    def _serve(self) -> None:
        """Bring to parties and hubs all that waits for them."""
        while True:
            with self.store.reading():
                notices = self.store.select(
                    Select(Notice, (("state", NoticeState.WAITING),), limit=1)
                )
                told = self.store.select(
                    Select(Instruction, (("state", InstructionState.WAITING),), limit=1)
                )
            if notices:
                self._post(notices[0])
            elif told:
                self._instruct(told[0])
            else:
                return

    def _post(self, notice: Notice) -> None:
        """Bring a notice to its party, which knows it by its name when it hears it twice."""
        with self._letters.open("a") as letters:
            letters.write(f"{notice.party} {notice.notice} {notice.text}\n")
        self._tell(NoticeDelivered(notice.notice, notice.party))

    def _instruct(self, told: Instruction) -> None:
        """Bring an instruction to a hub, which does nothing when it hears it twice."""
        if told.key not in self._heard():
            with self._hubs.open("a") as hubs:
                hubs.write(f"{told.key}\n")
        self._tell(InstructionTaken(told.key))

    def _listen(self, home: str) -> None:
        """Let the hub of a home say all that it has to say, again and again."""
        for verb, words in WORDS.items():
            for told in self._told(home, verb):
                for word in words:
                    self._tell(_said(told, word, self.utc))
                    self._serve()

    def _told(self, home: str, verb: Verb) -> list[Instruction]:
        where = ("home", home), ("verb", verb)
        with self.store.reading():
            told = self.store.select(Select(Instruction, where))
        return [one for one in told if one.key in self._heard()]

    def heard(self) -> set[str]:
        """All that hubs were told."""
        return set(self._heard())

    def _heard(self) -> list[str]:
        return self._hubs.read_text().splitlines() if self._hubs.exists() else []

    def _go_to(self, utc: Utc) -> None:
        self.utc = utc
        part = self._clock.with_suffix(".part")
        part.write_text(repr(float(utc)))
        part.replace(self._clock)

    def _is_over(self) -> bool:
        with self.store.reading():
            members = self.store.select(Select(Member))
            waiting = self.store.select(Select(Notice, (("state", NoticeState.WAITING),), limit=1))
        ended = all(member.state is MemberState.ACTIVATED for member in members)
        return bool(members) and ended and not waiting


def _said(told: Instruction, word: HubWord, utc: Utc) -> HubOutcome:
    return HubOutcome(
        f"{told.key}/{word}",
        told.campaign,
        told.attempt,
        told.home,
        told.device,
        word,
        "",
        told.version if word is HubWord.ACTIVATED else None,
        b"",
        utc,
    )


def _decisions() -> Iterator[Decision]:
    policy = canonical_json(one_phase())
    entered = EnterRelease("r1", "hub-1", VERSION, "CPL-1", ReleaseType.PLANNED, "ab" * 32)
    acts = (
        ("olive", entered),
        ("peter", ApproveRelease("r1")),
        ("olive", ProposeCampaign("c1", "r1", policy)),
        ("peter", ApproveCampaign("c1")),
    )
    for number, (person, act) in enumerate(acts, 1):
        yield Decision(f"decision-{number}", person, act, "because", None, BEGIN)
