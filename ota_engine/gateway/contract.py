"""What a fleet may expect of any gateway; knows values, not how they travel."""

from collections.abc import Sequence
from typing import Final, Protocol

from ota_engine.fleet.port import HubOutcome, Instruction, InstructionTaken

UNANSWERED_S: Final = 86_400.0  # until a user is told that a device has not answered


class FleetGateway(Protocol):
    """A gateway, as a fleet sees it; it stands for the hubs of some homes.

    Instructions may be given twice and in the wrong order. What is said is said again, under the same
    key, until it is settled: at least once, and in the order in which it happened. A gateway that is
    started anew has forgotten nothing that it has taken, and nothing that is not settled.
    """

    async def give(self, instructions: Sequence[Instruction]) -> Sequence[InstructionTaken]:
        """Tell it something.

        Returns:
            what it has taken: those instructions are remembered, and need not be given again.
        """

    async def outcomes(self) -> Sequence[HubOutcome]:
        """Hear what is not settled yet, the oldest first."""

    async def settle(self, keys: Sequence[str]) -> None:
        """Say that outcomes are kept; keys that it does not know mean nothing."""
