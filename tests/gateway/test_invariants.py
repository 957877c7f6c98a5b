"""Whatever a fleet says, in whatever order, and whatever dies meanwhile: what holds of every word."""

from collections import Counter
from dataclasses import replace
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from emulators.estate.real_home import RealHome
from images.eui64 import Eui64
from ota_engine.fleet.port import USERS_ORDER, HubOutcome, HubWord, Instruction, Verb
from ota_engine.times import Utc
from tests.gateway import users
from tests.gateway.homes import (
    CH,
    FOR_HCALCS,
    FOR_HUB,
    FOR_PPMID,
    GATEWAY,
    HCALCS,
    HUB,
    NEW,
    OLD,
    PPMID,
    home,
)
from tests.tiers import examples

IMAGE_OF: Final = {PPMID: FOR_PPMID, HCALCS: FOR_HCALCS, CH: FOR_HUB}
HOUR: Final = 3600.0
#: What may be said of a user's command or question, alerts left out.
ENDS: Final = [
    Counter(words)
    for words in (
        [HubWord.ANSWERED],
        [HubWord.REFUSED],
        [HubWord.UNANSWERED],
        [HubWord.UNANSWERED, HubWord.ANSWERED],
    )
]
STEPS: Final = st.one_of(
    st.tuples(
        st.sampled_from([Verb.ASSIGN, Verb.ACTIVATE, Verb.RECALL, Verb.WITHDRAW, Verb.CALENDAR]),
        st.sampled_from(sorted(IMAGE_OF)),
        st.sampled_from([0.0, HOUR, 6 * HOUR]),
    ),
    st.tuples(
        st.sampled_from(["command", "dated", "cancel", "read"]),
        st.just(HCALCS),
        st.sampled_from([HOUR, 6 * HOUR]),
    ),
    st.tuples(st.just("again"), st.integers(0, 10), st.just(0.0)),
    st.tuples(st.sampled_from(["pass", "kill", "cut", "settle"]), st.just(0), st.just(0.0)),
)


class Course:
    """What was told and heard; a campaign for each device."""

    def __init__(self, lived: RealHome) -> None:
        self.lived = lived
        self.told: list[Instruction] = []
        self.heard: dict[str, HubOutcome] = {}
        self.attempts: dict[Eui64, int] = {}
        self.ordered: set[Eui64] = set()
        self.counter = 0

    def tell(self, verb: Verb, device: Eui64, later: float) -> None:
        """Tell it the next thing; it counts as said when it is taken."""
        number = 1 + len(self.told)
        if verb is Verb.ASSIGN:
            self.attempts[device] = self.attempts.get(device, 0) + 1
        if verb is Verb.ACTIVATE:
            self.ordered.add(device)
        image, at = IMAGE_OF[device], self.lived.utc + later
        quiet = verb is Verb.CALENDAR
        one = Instruction(
            f"{device:016x}/{number}",
            GATEWAY,
            f"c-{device:016x}",
            self.attempts.get(device, 1),
            "h1",
            device,
            verb,
            image.sha256,
            NEW,
            None if quiet or not later else at,
            at if quiet else None,
            number=number,
            commanded=device == HCALCS,
        )
        self.told.append(one)
        assert [taken.key for taken in self.lived.give([one])] == [one.key]

    def order(self, what: str, later: float) -> None:
        """Order something as a user does, with a counter above all that it had before."""
        now = self.lived.utc
        self.counter = max(self.counter, round(now * 1000)) + 1
        name = f"{1 + len(self.told)}"
        match what:
            case "read":
                one = users.read(name, self.counter)
            case "cancel":
                one = users.command(name, users.cancelling(self.counter))
            case _:
                at = float(round(now + later)) if what == "dated" else None
                one = users.command(name, users.signed(self.counter, at=at))
                self.ordered.add(HCALCS)
        self.told.append(one)
        self.lived.give([one])

    def step(self, what: str, device: Eui64, later: float) -> None:
        """Do one of ``STEPS``."""
        match what:
            case "pass":
                self.lived.run(Utc(self.lived.utc + HOUR / 2))
            case "kill":
                self.lived.kill()
                self.lived.start()
            case "cut":
                assert self.lived.hub is not None
                self.lived.hub.cut_power(self.lived.network.agenda.now)
                self.lived.run(Utc(self.lived.utc + 200.0))
            case "settle":
                self.lived.settle([one.key for one in self.lived.outcomes()])
            case "again":
                self.lived.give(self.told[device : device + 1])
            case "command" | "dated" | "cancel" | "read":
                self.order(what, later)
            case _:
                self.tell(Verb(what), device, later)
        self.listen()

    def listen(self) -> None:
        """Hear what is said, and find it sound."""
        for one in self.lived.outcomes():
            known = self.heard.setdefault(one.key, one)
            assert known == one, "a key names one outcome for ever"
            if one.version is not None:
                assert one.version in (OLD, NEW)
            if one.word is HubWord.ACTIVATED:
                assert one.version == NEW
                assert one.device in self.ordered, "nothing runs what nobody ordered"

    def finish(self) -> None:
        """Bring everything to a good end."""
        for device in IMAGE_OF:
            self.tell(Verb.CALENDAR, device, 0.0)
            self.tell(Verb.ASSIGN, device, 0.0)
        self.lived.run(Utc(self.lived.utc + 8 * HOUR))
        for device in IMAGE_OF:
            self.tell(Verb.ACTIVATE, device, 0.0)
        self.lived.run(Utc(self.lived.utc + 30 * HOUR))
        self.listen()


@examples(60)
@given(st.lists(STEPS, max_size=12))
def test_whatever_comes_each_word_is_true_and_the_last_instruction_is_done(
    steps: list[tuple[str, Eui64, float]],
) -> None:
    course = Course(home(hub=replace(HUB, loss=0.0)))
    for step in steps:
        course.step(*step)
    course.finish()
    for device in IMAGE_OF:
        said = [one for one in course.heard.values() if one.device == device and one.campaign]
        said = [one for one in said if not one.campaign.startswith(USERS_ORDER)]
        last = [one for one in said if one.attempt == course.attempts[device]]
        assert HubWord.ACTIVATED in [one.word for one in last], (device, said)
    for one in course.told:
        if one.is_users:
            ends = Counter(
                said.word
                for said in course.heard.values()
                if said.campaign == one.campaign and said.word is not HubWord.ALERT
            )
            assert ends in ENDS, (one, ends)
