"""A kill before every effect: what users ordered comes to the same end, nothing lost, nothing doubled."""

from inspect import unwrap
from pathlib import Path
from shutil import rmtree
from typing import Any

from ota_engine.duis.requests import DSP, ReadInventory, RequestId
from ota_engine.fleet.inventory.registration import SupplierTold
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.orders.asking import command_name, order_name
from ota_engine.fleet.orders.rows import (
    DeviceCommand,
    DeviceOrder,
    ImageOrder,
    OrderBatch,
    OrderRules,
    OriginatorCounter,
    ServiceInbox,
    Suspension,
    UserDocument,
)
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.fleet.port import HubWord, Instruction
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.trail import Trail
from ota_engine.times import Utc
from tests.crashes import crash_at_every_line
from tests.fleet.estate import BEGIN
from tests.fleet.orders import messages
from tests.fleet.orders.street import DUAL, ELEC, GAS, OWN, WANTED, Street, device
from tests.fleet.templates import laid_out
from tests.tiers import points

PPMID, HCALCS, HUB = device(DUAL, "PPMID"), device(DUAL, "HCALCS"), device(DUAL, "CHF")
KEPT = (
    ServiceInbox,
    UserDocument,
    ImageOrder,
    OrderBatch,
    DeviceOrder,
    DeviceCommand,
    OriginatorCounter,
    Suspension,
    Instruction,
    InstalledDevice,
)


class Replay(Street):
    """A street in a file; whoever opens it again tells the whole story anew, every word as it was."""

    def __init__(self, folder: Path) -> None:
        store = FleetStore.open(laid_out(folder / "fleet.db"), durable=False)
        with store.reading():
            self.furnished = bool(store.select(Select(OrderRules)))
        super().__init__(store=store)
        self.put(OrderRules(author="olive"))

    def put(self, *rows: Any) -> None:
        if not self.furnished:
            super().put(*rows)

    def at(self, seconds: float) -> None:
        self.utc = Utc(BEGIN + seconds)
        self.desk.wake(self.utc)

    def play(self) -> None:
        self.order(GAS, PPMID, device(DUAL, "GSME"), ppmid=True, counter=1)
        self.at(10)
        name = order_name(RequestId(GAS, DSP, 1).text, PPMID)
        self.hub_says(HubWord.REACHED, PPMID, name, key="a")
        octets = messages.transferred(HUB, PPMID, WANTED, 4_000)
        self.hub_says(HubWord.RECEIVED, PPMID, name, key="b", message=octets)
        self.hub_says(HubWord.TRANSFERRED, PPMID, name, key="c")
        octets = messages.ppmid_runs(PPMID, WANTED, 5_000)
        self.hub_says(HubWord.ALERT, PPMID, name, key="d", message=octets, version=WANTED)
        self.at(20)
        self.order(ELEC, HCALCS, device(OWN, "HCALCS"), counter=2)
        self.at(30)
        command, _ = self.activate(ELEC, HCALCS, 3)
        sent = command_name(RequestId(ELEC, HCALCS, 3).text)
        self.hub_says(HubWord.UNANSWERED, HCALCS, sent, key="e")
        self.at(40)
        octets = messages.activated(command, WANTED)
        self.hub_says(HubWord.ANSWERED, HCALCS, sent, key="f", message=octets)
        self.read_version(ELEC, HCALCS, 4, Utc(BEGIN + 60))
        self.ask_duis(ELEC, "8.2", ReadInventory(device=HCALCS), counter=5)
        self.at(50)
        self.happen(SupplierTold(DUAL, Fuel.ELECTRICITY, "supplier-3", self.utc))
        self.at(70)

    def ending(self) -> dict[str, Any]:
        with self.store.reading():
            assert self.store.verify_audit() is None
            assert list(self.store.broken_seals()) == []
        return {kind.__name__: self.rows(kind) for kind in KEPT}


KILLED_IN = (
    FleetDesk.answer,
    FleetDesk.handle,
    FleetDesk.wake,
    FleetStore.keep,
    FleetStore._write,
    unwrap(FleetStore._between),
    Trail.extend,
    Replay.play,
    Replay.at,
)


def ending(folder: Path) -> dict[str, Any]:
    street = Replay(folder)
    street.play()
    found = street.ending()
    street.store.close()
    return found


@points(97, whole=13)
def test_orders_of_a_fleet_killed_before_any_effect_come_to_the_same_end(
    tmp_path: Path, step: int
) -> None:
    undisturbed = ending(tmp_path / "undisturbed")
    assert len(undisturbed["UserDocument"]) > 8

    def work(point: int) -> None:
        Replay(tmp_path / str(point)).play()

    def look_over(point: int) -> None:
        folder = tmp_path / str(point)
        assert ending(folder) == undisturbed, f"killed at point {point}"
        rmtree(folder)

    assert crash_at_every_line(KILLED_IN, work, look_over, step) > step
