"""Orders over real bellows on the virtual dongle: later, taken back, refused, reported, and killed."""

import json
import os
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import pytest
import trio

from emulators.devices import kinds
from emulators.home.roster import RosterEntry, default_roster
from hw.radio import ZigpyRadio
from images.eui64 import Eui64, format_eui64
from ota_engine.events import SMART_ENERGY
from ota_engine.gbcs.codes import MessageCode
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.protection import authenticate
from ota_engine.hub.activation.parties import choose_parties
from ota_engine.hub.push.verdict import PushStanding, PushVerdict
from ota_engine.hub.tunnel import Route
from ota_engine.records import (
    ImageRecord,
    OrderRecord,
    OrderState,
    OutcomeRecord,
)
from ota_engine.shell.activate import ActivationRequest, Followed, activate, cancel_for
from ota_engine.shell.push import PushRequest, push
from ota_engine.shell.service import Setup
from ota_engine.store.store import DATABASE_NAME, Store
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from tests.emulators.gbcs.house import give
from tests.emulators.gbcs.siege import besiege
from tests.faults.test_fault_34_receiver import receiver_process
from tests.gbcs.parties import SECOND_SUPPLIER, everyone, files
from tests.hw.dongle import VirtualDongle, home
from tests.hw.home import PATIENCE, PROMPT, QUICK
from tests.shell.activation import HCALCS, HUB, NEW, OLD, PPMID, signed

pytestmark = pytest.mark.dongle

LATER = 3600.0  # seconds until an order for later is due; the clocks are set, nobody waits
SILENCE = 2.0  # seconds in which a command that is obeyed would have been answered


def household() -> tuple[RosterEntry, ...]:
    """The built-in home without its display, and quick about everything."""
    return tuple(
        entry._replace(spec=replace(entry.spec, timers=QUICK))
        for entry in default_roster()
        if entry.spec.kind is not kinds.IHD
    )


class Bench:
    """A dongle, its home with keys, and the state folder of whatever engine is on it."""

    def __init__(self, dongle: VirtualDongle, state: Path) -> None:
        self.dongle = dongle
        self.state = state

    @asynccontextmanager
    async def setup(self, originator: int | None = None) -> AsyncIterator[Setup]:
        async with ZigpyRadio(self.dongle.settings) as radio:
            party = None if originator is None else Eui64(originator)
            security = choose_parties(everyone(), radio.info.own, party)
            yield Setup(radio, self.state, this_machine, False, PROMPT, security)

    async def push(
        self, *images: ImageRecord, devices: Sequence[Eui64]
    ) -> list[PushVerdict | None]:
        request = PushRequest(images, tuple(devices), timeout=PATIENCE)
        async with self.setup() as setup:
            result = await push(setup, request, _unseen)
        return [standing.verdict for standing in result.standings]

    def hold(self) -> None:
        """Let the load switch have its image; that it takes one is another test's to show."""
        give(self.dongle.dongle.stack.devices[HCALCS], signed().data)
        self.restart()

    def let_it_be(self, utc: float) -> None:
        """Set the clocks of all devices; the engine's goes on as it is."""
        self.dongle.dongle.set_clocks(utc, self.dongle.server.now)

    def restart(self) -> None:
        """Cut the load switch's power for a moment."""
        self.dongle.dongle.network.power_off(HCALCS)
        self.dongle.power_on(HCALCS)

    async def order(
        self,
        at: Utc | None = None,
        *,
        wait: bool = False,
        originator: int | None = None,
        watch: Callable[[OrderRecord], None] = lambda _: None,
    ) -> OrderRecord:
        image = signed()
        digest = bytes.fromhex(image.manufacturer_image_hash)
        request = ActivationRequest(HCALCS, digest, image, at, wait, PATIENCE)
        async with self.setup(originator) as setup:
            followed = await activate(setup, request, watch)
        assert isinstance(followed, Followed)
        return followed.order

    async def left_unanswered(self, originator: int) -> OrderState:
        """Order in somebody's name, and give up once the command was sent and nothing was said to it."""
        steps: list[OrderState] = []
        sent = trio.Event()

        def watch(order: OrderRecord) -> None:
            steps.append(order.state)
            if order.state is OrderState.SENT:
                sent.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(self.order, originator=originator, watch=watch))
            with trio.fail_after(PATIENCE):
                await sent.wait()
            await trio.sleep(SILENCE)
            nursery.cancel_scope.cancel()
        return steps[-1]

    def outcomes(self) -> list[OutcomeRecord]:
        with Store.inspect(self.state / DATABASE_NAME) as store:
            return list(store.outcomes())


def _unseen(now: float, standings: Sequence[PushStanding], down: str | None) -> None:
    """Nobody looks on."""


def later() -> Utc:
    return Utc(float(round(this_machine() + LATER)))


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[Bench]:
    async with home(*household(), folder=folder, keys=everyone()) as dongle:
        dongle.dongle.set_clocks(this_machine(), dongle.server.now)
        yield Bench(dongle, folder)


async def test_every_attack_is_carried_to_the_device_and_none_is_obeyed(tmp_path: Path) -> None:
    async with bench(tmp_path) as lab, ZigpyRadio(lab.dongle.settings) as radio:
        lab.hold()
        route = Route(1, SMART_ENERGY, False, radio.info.max_payload)
        await besiege(radio, route, lambda: lab.dongle.version(HCALCS))


async def test_an_order_for_later_is_accepted_and_carried_out_at_its_time(tmp_path: Path) -> None:
    async with bench(tmp_path) as lab:
        lab.hold()
        at = later()
        assert (await lab.order(at)).state is OrderState.ACCEPTED
        assert lab.dongle.version(HCALCS) == OLD
        lab.let_it_be(at)
        done = await lab.order(at, wait=True)
        assert (done.number, done.state, done.firmware_version) == (1, OrderState.ACTIVATED, NEW)
        assert lab.dongle.version(HCALCS) == NEW


async def test_an_order_taken_back_is_not_carried_out_and_a_second_supplier_not_obeyed(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as lab:
        lab.hold()
        at = later()
        await lab.order(at)
        async with lab.setup() as setup:
            taken_back = await cancel_for(setup, HCALCS, lambda _: None, PATIENCE)
            assert taken_back.order.state is OrderState.CANCELLED
        assert await lab.left_unanswered(SECOND_SUPPLIER) is OrderState.SENT
        lab.let_it_be(at + 1.0)
        await trio.sleep(SILENCE)
        assert lab.dongle.version(HCALCS) == OLD


async def test_ppmid_and_hub_are_updated_and_told_of_by_signed_alerts(tmp_path: Path) -> None:
    images = [signed(kinds.PPMID, supplier=None), signed(kinds.COMMUNICATIONS_HUB)]
    async with bench(tmp_path) as lab:
        verdicts = await lab.push(*images, devices=[PPMID, HUB])
        assert verdicts == [PushVerdict.UPDATED, PushVerdict.UPDATED]
    alerts = set()
    for outcome in lab.outcomes():
        if outcome.message:
            message = parse(outcome.message)
            authenticate(message, everyone(), now=datetime.now(UTC))
            alerts.add((message.message_code, outcome.device))
    transfer = MessageCode.FIRMWARE_TRANSFER_ALERT
    assert {(transfer, PPMID), (transfer, HUB)} <= alerts
    assert (MessageCode.PPMID_ACTIVATION_ALERT, PPMID) in alerts


# --- kills --------------------------------------------------------------------------------------


def ordering(lab: Bench, keys: Path, url: str, at: float) -> "subprocess.Popen[str]":
    """``zota activate`` in a process of its own."""
    moment = datetime.fromtimestamp(at, UTC).isoformat()
    words = ["--link", lab.dongle.settings.url, "--state", str(lab.state), "--keys", str(keys)]
    words += ["--device", format_eui64(HCALCS), "--hash", signed().manufacturer_image_hash]
    words += ["--at", moment, "--wait", "--outcomes-to", url]
    argv = [sys.executable, "-m", "ota_engine", "activate", *words]
    return subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def kill_at_step(process: "subprocess.Popen[str]") -> str:
    """Kill the engine as soon as it has shown where the order stands; returns what it showed."""
    assert process.stderr is not None
    process.stderr.readline()  # what was ordered is told first
    line = process.stderr.readline()
    process.send_signal(signal.SIGKILL)
    return line


def key_folder(folder: Path) -> Path:
    keys = folder / "keys"
    keys.mkdir()
    for name, octets in files().items():
        handle = os.open(keys / name, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(octets)
    return keys


# Over the emulated home each of them is killed in tests/faults, in the default tier.
@pytest.mark.heavy
async def test_kills_of_engine_device_and_receiver_leave_one_verified_record_per_outcome(
    tmp_path: Path,
) -> None:
    records, keys = tmp_path / "records.jsonl", key_folder(tmp_path)
    async with bench(tmp_path) as lab:
        lab.hold()
        at = later()
        with receiver_process(records) as (_, url):
            port = str(httpx.URL(url).port)
            with ordering(lab, keys, url, at) as first:
                assert "committed" in await trio.to_thread.run_sync(kill_at_step, first)
            with ordering(lab, keys, url, at) as second:
                await trio.to_thread.run_sync(kill_at_step, second)
        lab.restart()
        with ordering(lab, keys, url, at) as third:  # no receiver listens now
            await trio.to_thread.run_sync(kill_at_step, third)
        lab.let_it_be(at)
        with receiver_process(records, "--port", port), ordering(lab, keys, url, at) as last:
            _, told = await trio.to_thread.run_sync(last.communicate)
            assert last.returncode == 0, told
        assert lab.dongle.version(HCALCS) == NEW
    letters = [json.loads(line) for line in records.read_text().splitlines()]
    outcomes = {outcome.key: outcome for outcome in lab.outcomes()}
    assert sorted(letter["id"] for letter in letters) == sorted(outcomes)
    assert [letter["kind"] for letter in letters].count("order") == 1
    for letter in letters:
        if letter["message"] is not None:
            octets = b64decode(letter["message"])
            assert octets == outcomes[letter["id"]].message
            authenticate(parse(octets), everyone(), now=datetime.now(UTC))
