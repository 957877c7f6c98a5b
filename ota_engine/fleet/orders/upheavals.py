"""What becomes of orders and commands when a home, its supplier or its hub changes; pure."""

from collections.abc import Iterable

from ota_engine.duis.codes import ResponseCase
from ota_engine.duis.responses import UpgradeRequested
from ota_engine.fleet.gateways.moving import tell_anew
from ota_engine.fleet.inventory.happenings import (
    DeviceMoved,
    GatewayChanged,
    HomeVanished,
    HubReplaced,
    SupplierChanged,
)
from ota_engine.fleet.inventory.rows import Home, InstalledDevice
from ota_engine.fleet.kernel.rows import RowKey, Select, replaced
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.commands import READ, may_read, take_back_unsent, told_of
from ota_engine.fleet.orders.deliveries import instruct, take_back, tell_undelivered, told
from ota_engine.fleet.orders.lives import COMMANDS, LIVE, CommandStep, DeliveryStep
from ota_engine.fleet.orders.rows import (
    CommandState,
    DeliveryState,
    DeviceCommand,
    DeviceOrder,
    ImageOrder,
    ServiceUser,
)
from ota_engine.fleet.orders.suppliers import fuels_of, is_responsible, users_of
from ota_engine.fleet.orders.telling import alert, respond
from ota_engine.fleet.orders.tenancies import SUPPLIER
from ota_engine.fleet.port import Verb
from ota_engine.times import Utc

_TO_COME = (CommandState.DRAFTED, CommandState.DATED)
_OPEN = (*_TO_COME, CommandState.SENT)


def supplier_changed(happened: SupplierChanged, work: Work, utc: Utc) -> None:
    """Take back what the losing supplier ordered; tell the gaining one what goes on for others.

    What was sent to a device cannot be taken back: its answer goes to whoever asked. What its hub has not
    sent yet is not sent, and that is told.
    """
    home = work.get(Home, happened.home)
    if home is None:
        return
    for order, device, user in _orders(happened.home, work):
        if not is_responsible(user, home, device.kind):
            reason = "another supplier answers for the device"
            _withdraw(order, reason, work, utc)
        elif happened.gaining != user.party and happened.fuel in fuels_of(device.kind):
            _tell_gaining(order, device, happened, work, utc)
    _withdraw_commands(home, work, utc)


def home_vanished(happened: HomeVanished, work: Work, utc: Utc) -> None:
    """A home that is no longer there gets nothing."""
    for order, _, _ in _orders(happened.home, work):
        _withdraw(order, "the home is gone", work, utc)


def device_moved(happened: DeviceMoved, work: Work, utc: Utc) -> None:
    """A device that is in another home now gets nothing that was ordered in its old one.

    What is to be asked of it later goes along, if whoever asks answers for it there, too.
    """
    for order, _, _ in _orders(happened.old_home, work):
        if order.device == happened.device:
            _withdraw(order, "the device is in another home now", work, utc)
    home = work.get(Home, happened.new_home)
    for state in _TO_COME:
        for command in work.select(DeviceCommand, device=happened.device, state=state):
            work.put(replaced(command, home=happened.new_home))
    if home is not None:
        _withdraw_commands(home, work, utc)


def hub_replaced(happened: HubReplaced, work: Work, utc: Utc) -> None:
    """A new hub knows nothing of what the old one was told: it is told anew."""
    home = work.get(Home, happened.home)
    for order, device, _ in _orders(happened.home, work):
        image = work.get(ImageOrder, order.request)
        if home is not None and image is not None and order.state is not DeliveryState.HELD:
            moved = replaced(order, gateway=home.gateway)
            work.put(instruct(moved, image, device.kind, Verb.ASSIGN, work))


def gateway_changed(happened: GatewayChanged, work: Work, utc: Utc) -> None:
    """Another gateway is told what the one before was; a device refuses a command that it has had."""
    for order, _, _ in _orders(happened.home, work):
        work.put(replaced(order, gateway=happened.target))
        if order.state is not DeliveryState.HELD:
            tell_anew(told(order), happened.target, work)
    for command in work.select(DeviceCommand, home=happened.home, state=CommandState.SENT):
        tell_anew(told_of(command), happened.target, work)


def _orders(home: str, work: Work) -> Iterable[tuple[DeviceOrder, InstalledDevice, ServiceUser]]:
    states = sorted(LIVE)
    work.require(Select(DeviceOrder, (("home", home), ("state", state))) for state in states)
    rows = [row for state in states for row in work.select(DeviceOrder, home=home, state=state)]
    work.require(
        ask
        for row in rows
        for ask in (RowKey(InstalledDevice, (row.device,)), RowKey(ServiceUser, (row.user,)))
    )
    for row in rows:
        device, user = work.get(InstalledDevice, row.device), work.get(ServiceUser, row.user)
        if device is not None and user is not None:
            yield row, device, user


def _withdraw(order: DeviceOrder, reason: str, work: Work, utc: Utc) -> None:
    image = work.get(ImageOrder, order.request)
    if image is not None and take_back(order, DeliveryStep.WITHDRAW, reason, work, utc):
        tell_undelivered(f"{order.name}/withdrawn", image, [order.device], work, utc)


def _tell_gaining(
    order: DeviceOrder, device: InstalledDevice, happened: SupplierChanged, work: Work, utc: Utc
) -> None:
    image = work.get(ImageOrder, order.request)
    if image is None:
        return
    content = UpgradeRequested(device.kind, image.version_text, (device.device,))
    for user in users_of(work, happened.gaining, (happened.fuel,)):
        alert(work, user, f"{order.name}/gained/{happened.utc:.0f}", content, utc)


def _withdraw_commands(home: Home, work: Work, utc: Utc) -> None:
    for state in _OPEN:
        for command in work.select(DeviceCommand, home=home.home, state=state):
            user = work.get(ServiceUser, command.user)
            device = work.get(InstalledDevice, command.device)
            allowed = may_read if command.reference == READ else is_responsible
            if command.reference == SUPPLIER or user is None or device is None:
                continue  # who asked is not the supplier yet: its time decides
            if allowed(user, home, device.kind):
                continue
            if command.state is CommandState.SENT:
                take_back_unsent(command, work)
                continue
            turned = COMMANDS.turn(command.state, CommandStep.WITHDRAW)
            work.put(replaced(command, state=turned, since_utc=utc, due_utc=None))
            if command.state is CommandState.DATED:
                respond(work, command, "withdrawn", None, utc, ResponseCase.NOT_RESPONSIBLE)
