"""What a device does with changes it has heard of: keeps them for their time, and clears. Pure.

Knows changes and times; frames, questions and power are others' to know.
"""

from collections.abc import Callable, Sequence
from math import inf
from typing import Final

from emulators.node import Note
from emulators.platform.utc_clock import UtcClock
from emulators.premises.habits import PremisesHabits
from emulators.premises.memory import Cleared, PremisesMemory, Source
from emulators.premises.words import NEVER_MIND, ToldChange

SUCCESS: Final = 0x00
NOT_FOUND: Final = 0x8B
LOOK_AGAIN: Final = 30.0  # seconds until a device that is busy with firmware looks again


class Occupancy:
    """The data that a device keeps of whoever lives there.

    Args:
        habits: of the device.
        clock: its sense of the date.
        busy: whether it takes or checks firmware now.

    Attributes:
        memory: what outlives power.
    """

    __slots__ = ("_busy", "_clock", "_habits", "_look_at", "memory")

    def __init__(self, habits: PremisesHabits, clock: UtcClock, busy: Callable[[], bool]) -> None:
        self.memory = PremisesMemory()
        self._habits = habits
        self._clock = clock
        self._busy = busy
        self._look_at = -inf

    @property
    def wake_at(self) -> float:
        """When the next change takes effect; never while the date is not known."""
        if not self.memory.pending:
            return inf
        return max(min(map(self._due, self.memory.pending.values())), self._look_at)

    def power_off(self) -> None:
        """Lose what is not remembered without power."""
        self._look_at = -inf
        if self._habits.forgets:
            self.memory.pending.clear()

    def hear(self, server: int, told: ToldChange, now: float) -> tuple[int, list[Note]]:
        """Take a change that a server told; says with which status it is acknowledged."""
        source = server, told.subject
        waiting = self.memory.pending.get(source)
        if told.time == NEVER_MIND:
            return self._take_back(source, waiting, told)
        event, times = self.memory.done.get(source, (-1, 0))
        if told.event < event or (told.event == event and times >= self._habits.times):
            return SUCCESS, []  # done
        if waiting is not None and told.event < waiting.event and not self._habits.lower_counts:
            return SUCCESS, []  # replaced
        if waiting == told:
            return SUCCESS, []
        self.memory.pending[source] = told
        heard = Note("change heard", {"of": told.subject, "event": told.event})
        return SUCCESS, [heard, *self.act(now)]

    def _take_back(
        self, source: Source, waiting: ToldChange | None, told: ToldChange
    ) -> tuple[int, list[Note]]:
        if waiting is None or (waiting.event, waiting.provider) != (told.event, told.provider):
            return NOT_FOUND, []
        del self.memory.pending[source]
        return SUCCESS, [Note("change taken back", {"of": told.subject, "event": told.event})]

    def act(self, now: float) -> Sequence[Note]:
        """Clear for every change whose time has come."""
        due = [one for one, told in self.memory.pending.items() if self._due(told) <= now]
        if not due:
            return ()
        if self._habits.waits_for_update and self._busy():
            self._look_at = now + LOOK_AGAIN
            return ()
        return [self._clear(source, now) for source in due]

    def _clear(self, source: Source, now: float) -> Note:
        memory = self.memory
        told = memory.pending.pop(source)
        event, times = memory.done.get(source, (-1, 0))
        memory.done[source] = told.event, times + 1 if event == told.event else 1
        cleared = told.clears(self._habits.holds)
        memory.history_blocked |= told.blocks_history
        memory.note(Cleared(*source, told.event, self._clock.utc(now), cleared))
        return Note(
            "cleared",
            {
                "of": told.subject,
                "event": told.event,
                "what": list(cleared),
                "server": "hub" if source[0] == 0 else f"{source[0]:016x}",
            },
        )

    def _due(self, told: ToldChange) -> float:
        """When a change takes effect, the shell's time."""
        due = told.due_utc
        return -inf if due is None else self._clock.when_utc(due)
