"""Every attack that a tunnel carries, one after another, on a load switch behind a live link."""

from collections.abc import Callable

from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.payloads import ActivationOutcome, read_payload
from ota_engine.hub.tunnel import MessageDelivered, Route
from ota_engine.link.contract import Link
from tests.emulators.gbcs.attacks import ATTACKS
from tests.emulators.gbcs.units import command
from tests.hub.tunnel.live import LiveHub
from tests.shell.activation import HCALCS, NEW, OLD, signed


async def besiege(link: Link, route: Route, version: Callable[[], int]) -> None:
    """Bring all attacks, then the order itself, then the order again.

    Args:
        link: entered; behind it is the HCALCS, which holds the image of ``signed``.
        route: to it.
        version: what it runs.
    """
    digest = bytes.fromhex(signed().manufacturer_image_hash)
    hub = LiveHub(link)
    for name, attack in ATTACKS.items():
        said = await hub.say(HCALCS, route, attack(digest, 1000))
        assert isinstance(said, MessageDelivered), f"{name}: {said}"
        assert version() == OLD, name
    order = command(1000, digest=digest)
    assert isinstance(await hub.say(HCALCS, route, order), MessageDelivered)
    assert read_payload(parse(await hub.heard())) == ActivationOutcome(0, NEW)
    assert version() == NEW
    assert isinstance(await hub.say(HCALCS, route, order), MessageDelivered)
    assert isinstance(
        await hub.say(HCALCS, route, ATTACKS["wrong supplier"](digest, 1001)), MessageDelivered
    )
    assert version() == NEW
