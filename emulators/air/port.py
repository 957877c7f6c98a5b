"""A server at the emulated coordinator, as the network keeps it. Pure."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from ota_engine.events import Effect, LinkEvent
from ota_engine.times import NEVER, Monotonic

EffectSink: TypeAlias = Callable[[Effect, Monotonic], None]


class Coordinator(Protocol):
    """Who sits at the coordinator: the engine's own face."""

    @property
    def next_wake(self) -> Monotonic:
        """When it wants to be woken; infinity for never."""

    def handle(self, event: LinkEvent, now: Monotonic) -> Sequence[Effect]:
        """Take one event; say what shall be done."""

    def wake(self, now: Monotonic) -> Sequence[Effect]:
        """Do what was due."""


class Port:
    """One server at the coordinator, with its wake-ups in the agenda."""

    __slots__ = ("attached", "coordinator", "on_effect", "timers")

    def __init__(self, coordinator: Coordinator, on_effect: EffectSink | None) -> None:
        self.coordinator = coordinator
        self.on_effect = on_effect
        self.attached = True
        self.timers = [NEVER]
