"""Instructions that came and are not taken yet, because an image that they need has still to be fetched.

Pure. An instruction of a delivery is given to the hub once its image is at hand, or is known not to be had,
and whatever is said of the same delivery later not before it. A delivery that is withdrawn meanwhile needs
no image.
"""

from collections.abc import Callable, Iterator

from images.eui64 import Eui64
from ota_engine.fleet.port import Instruction, Verb

DeliveryName = tuple[str, str, Eui64]


class InTray:
    """What one gateway was told and has not taken."""

    def __init__(self) -> None:
        self._waiting: dict[str, Instruction] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, instruction: Instruction) -> None:
        """Keep an instruction until it can be taken; a second time means nothing."""
        self._waiting.setdefault(instruction.key, instruction)

    def clear(self) -> None:
        """Forget all of them: they are said anew."""
        self._waiting.clear()

    def take(self, home: str, has: Callable[[str], bool]) -> list[Instruction]:
        """Take out those whose turn it is, in the order in which they came.

        Args:
            home: pseudonym of the home whose hub takes them.
            has: whether an image, by its SHA-256, is at hand or is not to be waited for any more.
        """
        held: set[DeliveryName] = set()
        found = []
        withdrawn = self._withdrawn()
        for instruction in self._of(home):
            delivery = _delivery(instruction)
            waits = instruction.verb is Verb.ASSIGN and not has(instruction.sha256)
            if delivery not in withdrawn and (waits or delivery in held):
                held.add(delivery)
            else:
                found.append(instruction)
        for instruction in found:
            del self._waiting[instruction.key]
        return found

    def wanted(self, home: str, has: Callable[[str], bool]) -> list[str]:
        """SHA-256 of the images that are waited for, the one that was named first first."""
        withdrawn = self._withdrawn()
        images = (
            one.sha256
            for one in self._of(home)
            if one.verb is Verb.ASSIGN and _delivery(one) not in withdrawn and not has(one.sha256)
        )
        return list(dict.fromkeys(images))

    def _of(self, home: str) -> Iterator[Instruction]:
        return (one for one in self._waiting.values() if one.home == home)

    def _withdrawn(self) -> set[DeliveryName]:
        """Deliveries whose last word is that they are taken back."""
        last: dict[DeliveryName, Instruction] = {}
        for instruction in self._waiting.values():
            known = last.get(_delivery(instruction))
            if known is None or instruction.number >= known.number:
                last[_delivery(instruction)] = instruction
        return {which for which, one in last.items() if one.verb is Verb.WITHDRAW}


def _delivery(instruction: Instruction) -> DeliveryName:
    return instruction.campaign, instruction.home, instruction.device
