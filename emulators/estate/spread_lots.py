"""Real homes in lots on the workers of a scheduler; the fleet that tells them what to do stays here.

A lot is kept as what it was told so far. A worker that has it goes on with what is new; any other is told
all of it again, and comes to the same answers. So a worker that dies costs time and nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Final, TypeAlias

from emulators.cluster.cluster import JobRun
from emulators.cluster.jobs import Job, JobEnd, JsonObject, SayProgress
from emulators.estate.real_lot import LotSpec, RealLot
from ota_engine.errors import LocalError
from ota_engine.fleet.port import HubOutcome, Instruction
from ota_engine.gateway.wire import INSTRUCTION, OUTCOME
from ota_engine.times import Utc

ToldLot: TypeAlias = list[
    Any
]  # one thing a lot was told: ["give", utc, [...]], ["said", utc], ["settle", ...]
GIVE, SAID, SETTLE = "give", "said", "settle"


class SpreadLots:
    """Real homes on workers.

    Args:
        run: of ``lot_job``, open for as long as they live.
        spec: what they have in common.
        workers: addresses of those that are there; each gets a lot.
    """

    def __init__(self, run: JobRun, spec: LotSpec, workers: Sequence[str]) -> None:
        self._run = run
        self._spec = spec
        self._lots = [_LotStory(number, worker) for number, worker in enumerate(workers)]
        self._lot_of: dict[str, int] = {}
        self._asked = count()

    def give(self, instructions: Sequence[Instruction], utc: Utc) -> list[str]:
        """Tell hubs what to do; see ``RealHomes``."""
        parts: dict[int, list[Instruction]] = {}
        for told in instructions:
            lot = self._lot_of.setdefault(told.home, len(self._lot_of) % len(self._lots))
            parts.setdefault(lot, []).append(told)
        for lot, part in parts.items():
            self._lots[lot].story.append([GIVE, utc, [INSTRUCTION.write(one) for one in part]])
        taken = {key for answer in self._ask(parts) for key in answer}
        return [told.key for told in instructions if told.key in taken]

    def said(self, utc: Utc) -> list[HubOutcome]:
        """Let time pass; see ``RealHomes``."""
        lots = sorted(set(self._lot_of.values()))
        for lot in lots:
            self._lots[lot].story.append([SAID, utc])
        return [OUTCOME.read(one, "outcome") for answer in self._ask(lots) for one in answer]

    def settle(self, keys: Mapping[str, Sequence[str]], resting: Sequence[str]) -> None:
        """Settle outcomes and let homes rest; a lot hears of it with the next thing it is told."""
        settled: dict[int, tuple[dict[str, list[str]], list[str]]] = {}
        for name, outcomes in keys.items():
            settled.setdefault(self._lot_of[name], ({}, []))[0][name] = list(outcomes)
        for name in resting:
            settled.setdefault(self._lot_of[name], ({}, []))[1].append(name)
        for lot, (ones, gone) in settled.items():
            self._lots[lot].story.append([SETTLE, ones, gone])

    def _ask(self, lots: Iterable[int]) -> Iterator[list[Any]]:
        """Have lots hear what is new to them, and give their answers to the last of it."""
        waiting = list(lots)
        while waiting:
            jobs = {f"lot-{lot}-{next(self._asked)}": lot for lot in waiting}
            waiting = []
            for end in self._run.ends(self._job(name, lot) for name, lot in jobs.items()):
                answer = self._lots[jobs[end.name]].heard(end)
                if answer is None:
                    waiting.append(jobs[end.name])
                else:
                    yield answer

    def _job(self, name: str, lot: int) -> Job:
        story = self._lots[lot]
        task = {
            "run": self._run.name,
            "lot": lot,
            "spec": list(self._spec),
            "from": story.told,
            "story": story.story[story.told :],
        }
        return Job(name, task, alike=False, near=story.worker)


class _LotStory:
    """What a lot was told, and how much of it the worker that has it knows."""

    def __init__(self, number: int, worker: str) -> None:
        self.number = number
        self.worker = worker
        self.story: list[ToldLot] = []
        self.told = 0

    def heard(self, end: JobEnd) -> list[Any] | None:
        """Take the answer to the last thing; None when it has to be told all of it."""
        if end.result is None:
            raise LocalError(f"lot {self.number} of the real homes came to no end: {end.trouble}")
        self.worker = end.worker or self.worker
        answer: list[Any] | None = end.result["answer"]
        self.told = 0 if answer is None else len(self.story)
        return answer


_HELD: Final[
    dict[tuple[str, int], tuple[int, RealLot]]
] = {}  # lots of this worker, and what they know


def lot_job(task: JsonObject, shared: bytes | None, say: SayProgress) -> JsonObject:
    """Tell a lot what is new to it, in a worker; the answer is None where that does not have the lot."""
    name = (task["run"], task["lot"])
    for other in [one for one in _HELD if one[0] != task["run"]]:
        del _HELD[other]
    known, lot = _HELD.pop(name, (0, None))
    if task["from"] == 0:
        known, lot = 0, RealLot(_spec_of(task["spec"]))
    if lot is None or known != task["from"]:
        return {"answer": None}
    answer: list[Any] = []
    for told in task["story"]:
        answer = _tell(lot, told)
        say({})
    _HELD[name] = (known + len(task["story"]), lot)
    return {"answer": answer}


def _tell(lot: RealLot, told: ToldLot) -> list[Any]:
    match told:
        case [str(what), utc, instructions] if what == GIVE:
            return lot.give([INSTRUCTION.read(one, GIVE) for one in instructions], Utc(utc))
        case [str(what), utc] if what == SAID:
            return [OUTCOME.write(one) for one in lot.said(Utc(utc))]
        case [_, keys, resting]:
            lot.settle(keys, resting)
    return []


def _spec_of(plain: list[Any]) -> LotSpec:
    seed, begin, version, releases, bad = plain
    return LotSpec(seed, begin, version, tuple(map(tuple, releases)), tuple(map(tuple, bad)))
