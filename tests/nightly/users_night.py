"""A night of Service Users at a head end that comes and goes, among strangers who post whatever they like."""

import hashlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import httpx
import trio

from images.eui64 import Eui64
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.fleet.orders.rows import ImageOrder, ServiceInbox
from ota_engine.head_end.image_shelf import IMAGES_NAME
from tests.head_end.duis.lab import (
    HUB,
    PPMID,
    STRANGER,
    WEST,
    Client,
    Lab,
    identity,
    inventory,
    signed,
    unsigned,
    update,
)
from tests.head_end.duis.test_attacks import NO_DUIS
from tests.nightly.hub_night import told

LIVES = 4  # of the head end; only in the last one it is left in peace
ORDERS, QUESTIONS = 6, 6
FIRST = 5_000_000  # counter
SHORTEST, LONGEST = 0.02, 0.8  # seconds that a head end lives

HOSTILE: dict[str, Callable[[Random], bytes]] = {
    "no DUIS": lambda chance: NO_DUIS[chance.choice(sorted(NO_DUIS))],
    "octets": lambda chance: chance.randbytes(chance.randrange(5_000)),
    "unsigned": lambda chance: unsigned(inventory(HUB)),
    "signed by another": lambda chance: signed(inventory(HUB), identity(WEST)),
    "a stranger's": lambda chance: signed(inventory(HUB, user=STRANGER)),
    "cut off": lambda chance: signed(inventory(HUB))[: chance.randrange(1_000)],
}


def users_night(seed: int, folder: Path) -> str:
    """Live through one: what was asked is answered and kept once, and of strangers nothing is."""
    chance = Random(f"users night {seed}")
    lab = Lab(folder)
    (like,) = lab.rows(InstalledDevice, device=PPMID)
    devices = [Eui64(PPMID + 0x1000 + number) for number in range(ORDERS)]
    lab.put(*(replace(like, device=device) for device in devices))
    wanted = {signed(update(one, counter=FIRST + n)): "I99" for n, one in enumerate(devices)}
    wanted |= {signed(inventory(HUB, counter=FIRST + ORDERS + n)): "I0" for n in range(QUESTIONS)}
    posts: Counter[str] = Counter()
    answered: dict[bytes, str] = {}

    async def ask(client: Client, octets: bytes) -> None:
        with suppress(httpx.TransportError):
            answered[octets] = await client.code(octets)

    async def attack(client: Client, name: str) -> None:
        octets = HOSTILE[name](chance)
        with suppress(httpx.TransportError):
            code = await client.code(octets)
            assert code.startswith(("4", "E")), f"{name}: {code}"
            posts[name] += 1

    async def live(last: bool) -> None:
        async with lab.serving() as client:
            with trio.move_on_after(float("inf") if last else chance.uniform(SHORTEST, LONGEST)):
                async with trio.open_nursery() as nursery:
                    for octets in wanted:
                        if octets not in answered or chance.random() < 0.3:  # asked a second time
                            nursery.start_soon(ask, client, octets)
                        nursery.start_soon(attack, client, chance.choice(sorted(HOSTILE)))

    for life in range(LIVES):
        trio.run(live, life == LIVES - 1)
    assert answered == wanted
    inbox = lab.rows(ServiceInbox)
    assert len(inbox) == len(wanted)
    assert len({row.request for row in inbox}) == len(inbox)
    assert len(lab.rows(ImageOrder)) == ORDERS
    for path in (lab.state / IMAGES_NAME).iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    with lab.store() as store, store.reading():
        assert store.verify_audit() is None
        assert list(store.broken_seals()) == []
    return f"{LIVES - 1} x head end gone, {told(posts)}"
