"""Real bellows on the virtual dongle: networks formed, looked over, joined and left."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import trio

from emulators.ncp.ezsp import STACK_VERSIONS
from hw.diagnosis import Grade, examine
from hw.formation import dismiss, form, known_devices, leave
from hw.radio import ZigpyRadio
from hw.session import RadioFacts
from hw.settings import RadioSettings
from images.eui64 import Eui64
from ota_engine.errors import LinkError, LocalError
from ota_engine.events import Joined, Left, LinkEvent, LinkUp, Packet
from tests.hw.dongle import VirtualDongle, home, join, virtual_dongle
from tests.hw.home import FIRST, PATIENCE, device
from tests.tiers import first_of

pytestmark = pytest.mark.dongle

BY_PTY_AND_TCP = pytest.mark.parametrize("line", ["pty", "tcp"])


def unformed(line: str, tmp_path: Path) -> AbstractAsyncContextManager[VirtualDongle]:
    return virtual_dongle(device(), line=line, folder=tmp_path)


async def info(settings: RadioSettings) -> RadioFacts:
    async with ZigpyRadio(settings) as radio:
        return radio.facts


@BY_PTY_AND_TCP
async def test_a_network_is_formed_on_the_channel_asked_for(line: str, tmp_path: Path) -> None:
    async with unformed(line, tmp_path) as dongle:
        formed = await form(dongle.settings, 20, force=False)
        assert formed.channel == 20
        assert formed.network_address == 0
        assert await info(dongle.settings) == formed


async def test_a_network_that_exists_is_kept_unless_forced(tmp_path: Path) -> None:
    async with unformed("tcp", tmp_path) as dongle:
        first = await form(dongle.settings, 15, force=False)
        with pytest.raises(LocalError, match="has a network already"):
            await form(dongle.settings, 20, force=False)
        assert (await info(dongle.settings)).pan_id == first.pan_id
        second = await form(dongle.settings, 20, force=True)
    assert second.channel == 20
    assert second.extended_pan_id != first.extended_pan_id


async def test_a_radio_without_a_network_says_how_to_form_one(tmp_path: Path) -> None:
    async with unformed("tcp", tmp_path) as dongle:
        with pytest.raises(LinkError, match=r"zota radio form --link .* --state"):
            await info(dongle.settings)


async def test_a_firmware_newer_than_bellows_is_refused_before_anything_is_asked_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with unformed("tcp", tmp_path) as dongle:
        monkeypatch.setitem(STACK_VERSIONS, 99, 0xF000)
        dongle.dongle.ezsp.version = 99
        with pytest.raises(LinkError, match="speaks EZSP 99, which bellows does not"):
            await form(dongle.settings, 15, force=False)
    assert dongle.dongle.memory.parameters is None


async def test_a_network_that_was_left_is_gone(tmp_path: Path) -> None:
    async with unformed("tcp", tmp_path) as dongle:
        await form(dongle.settings, 15, force=False)
        await leave(dongle.settings)
        with pytest.raises(LinkError, match="no network is formed"):
            await info(dongle.settings)


async def test_the_doctor_finds_a_formed_radio_healthy(tmp_path: Path) -> None:
    async with unformed("tcp", tmp_path) as dongle:
        await form(dongle.settings, 15, force=False)
        diagnosis = await examine(dongle.settings)
    assert diagnosis.healthy
    assert diagnosis.facts is not None
    assert diagnosis.facts.channel == 15
    assert set(diagnosis.energy) == set(range(11, 27))
    assert all(
        finding.remedy == "" or finding.grade is not Grade.GOOD for finding in diagnosis.findings
    )


async def test_the_doctor_says_that_there_is_no_network(tmp_path: Path) -> None:
    async with unformed("tcp", tmp_path) as dongle:
        diagnosis = await examine(dongle.settings)
    (bad,) = (finding for finding in diagnosis.findings if finding.grade is Grade.BAD)
    assert bad.subject == "network"
    assert "zota radio form" in bad.remedy


async def test_the_doctor_writes_nothing(tmp_path: Path) -> None:
    async with unformed("tcp", tmp_path) as dongle:
        formed = await form(dongle.settings, 15, force=False)
        before = await names(tmp_path)
        await examine(dongle.settings)
        assert await names(tmp_path) == before
        assert await info(dongle.settings) == formed


async def names(folder: Path) -> list[str]:
    return sorted(path.name for path in await trio.Path(folder).iterdir())


@first_of("sleepy", [True, False])
async def test_a_device_joins_and_is_interviewed(sleepy: bool, tmp_path: Path) -> None:
    async with virtual_dongle(device(sleepy=sleepy), folder=tmp_path) as dongle:
        await form(dongle.settings, 15, force=False)
        async with ZigpyRadio(dongle.settings) as radio:
            await radio.permit(60)
            (up, joined) = await first_events(radio, LinkUp, Joined)
            assert isinstance(joined, Joined)
            assert (joined.device, joined.sleepy) == (FIRST, sleepy)
            assert up.time <= joined.time
            node = radio.nodes[Eui64(FIRST)]
            assert node.network_address == joined.network_address
            await join(radio, 0)
            node = radio.nodes[Eui64(FIRST)]
            assert (node.sleepy, node.endpoint, node.profile) == (sleepy, 1, 0x0109)
        (known,) = await known_devices(dongle.settings)
    assert (known.eui64, known.model, known.ota_client) == (FIRST, "quick display", True)
    assert known.sleepy is sleepy


async def first_events(radio: ZigpyRadio, *kinds: type[LinkEvent]) -> list[LinkEvent]:
    """Wait for the first event of each kind."""
    found: dict[type[LinkEvent], LinkEvent] = {}
    with trio.fail_after(PATIENCE):
        while not all(kind in found for kind in kinds):
            for event in await radio.events.receive():
                found.setdefault(type(event), event)
    return [found[kind] for kind in kinds]


async def test_nobody_joins_who_may_not(tmp_path: Path) -> None:
    async with virtual_dongle(device(), folder=tmp_path) as dongle:
        await form(dongle.settings, 15, force=False)
        async with ZigpyRadio(dongle.settings) as radio:
            await trio.sleep(1)
            assert not radio.nodes


async def test_zigpys_own_notify_never_reaches_a_device(tmp_path: Path) -> None:
    async with virtual_dongle(device(), folder=tmp_path) as dongle:
        await form(dongle.settings, 15, force=False)
        async with ZigpyRadio(dongle.settings) as radio:
            await join(radio, 1)
            assert radio.session.counters["silenced"] == 1
            assert not radio.troubles


async def test_devices_are_remembered_from_one_life_to_the_next(tmp_path: Path) -> None:
    async with (
        home(device(), device(1), folder=tmp_path) as dongle,
        ZigpyRadio(dongle.settings) as radio,
    ):
        assert set(radio.nodes) == {FIRST, FIRST + 1}


async def test_a_device_the_database_has_lost_is_found_by_its_first_frame(tmp_path: Path) -> None:
    async with home(device(), folder=tmp_path) as dongle:
        (tmp_path / "network.db").unlink()
        async with ZigpyRadio(dongle.settings) as radio:
            dongle.power_on(Eui64(FIRST))
            await first_events(radio, Packet)
            assert FIRST in radio.nodes


async def test_a_device_that_comes_back_under_another_address_is_the_same(tmp_path: Path) -> None:
    async with home(device(), folder=tmp_path) as dongle, ZigpyRadio(dongle.settings) as radio:
        await first_events(radio, LinkUp)
        dongle.dongle.stack.core.members[Eui64(FIRST)].network_address = 0x2222
        dongle.power_on(Eui64(FIRST))
        (joined,) = await first_events(radio, Joined)
        assert isinstance(joined, Joined)
        assert (joined.device, joined.network_address) == (FIRST, 0x2222)
        assert radio.nodes[Eui64(FIRST)].network_address == 0x2222
        (packet,) = await first_events(radio, Packet)
        assert isinstance(packet, Packet)
        assert (packet.source, packet.network_address) == (FIRST, 0x2222)


async def test_a_device_that_leaves_says_so(tmp_path: Path) -> None:
    async with home(device(), folder=tmp_path) as dongle, ZigpyRadio(dongle.settings) as radio:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(radio.session.dismiss, Eui64(FIRST))
            (left,) = await first_events(radio, Left)
        assert isinstance(left, Left)
        assert left.device == FIRST
        assert not radio.nodes


async def test_a_device_that_is_sent_away_is_forgotten(tmp_path: Path) -> None:
    async with home(device(), folder=tmp_path) as dongle:
        with pytest.raises(LinkError, match="no such device"):
            await dismiss(dongle.settings, Eui64(FIRST + 99))
        await dismiss(dongle.settings, Eui64(FIRST))
        assert await known_devices(dongle.settings) == []
