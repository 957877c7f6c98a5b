"""Forms a network on a virtual dongle and lets devices join: ``python join.py ADDRESS DIR COUNT``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import trio

from hw.formation import form
from hw.radio import ZigpyRadio
from hw.settings import parse_link
from images.eui64 import Eui64
from ota_engine.events import Joined

CHANNEL = 15
WITHIN = 60.0  # seconds


async def main(address: str, folder: Path, count: int) -> None:
    """Return when so many devices have joined and been interviewed."""
    settings = parse_link(f"ezsp+tcp://{address}", folder)
    await form(settings, CHANNEL, force=False)
    async with ZigpyRadio(settings) as radio:
        await radio.permit(int(WITHIN))
        joined: set[Eui64] = set()
        with trio.fail_after(WITHIN):
            while len(joined) < count:
                batch = await radio.events.receive()
                joined |= {event.device for event in batch if isinstance(event, Joined)}
            await radio.session.settle()
        await radio.permit(0)


if __name__ == "__main__":
    trio.run(main, sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
