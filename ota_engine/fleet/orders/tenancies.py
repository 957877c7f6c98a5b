"""Changes of tenancy and of supplier that users tell (3.2, 6.23), and what a home network is told; pure.

Registration data say who answers for a home. A supplier may say so itself only from when they do.
"""

from typing import Final

from images.eui64 import format_eui64
from ota_engine.duis.codes import ResponseCase
from ota_engine.duis.kinds import MomentField
from ota_engine.duis.requests import CANCELLATION, OtherRequest, RequestId
from ota_engine.duis.responses import SupplierChange
from ota_engine.fleet.calendar import diary
from ota_engine.fleet.gateways.moving import tell_anew
from ota_engine.fleet.inventory.happenings import GatewayChanged, SupplierChanged, TenancyChanged
from ota_engine.fleet.inventory.registration import TenancyTold, responsible, tenancy_told
from ota_engine.fleet.inventory.rows import Home, InstalledDevice
from ota_engine.fleet.kernel.rows import RowKey, replaced
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.asking import Asked, RequestRefused, Served, command_name
from ota_engine.fleet.orders.commands import (
    asked_device,
    cancel_dated,
    check_counter,
    check_new,
    found_device,
    note_counter,
)
from ota_engine.fleet.orders.lives import COMMANDS, CommandStep
from ota_engine.fleet.orders.rows import CommandState, DeviceCommand, ServiceUser
from ota_engine.fleet.orders.suppliers import SUPPLIERS, fuels_of
from ota_engine.fleet.orders.telling import alert
from ota_engine.fleet.parties.rows import Fuel, Party, Responsibility, Tenancy
from ota_engine.fleet.port import Instruction, Verb
from ota_engine.times import Utc

TENANCY: Final = "3.2"
SUPPLIER: Final = "6.23"
_SINCE: Final = "RestrictionDateTime"
LATEST: Final = Utc(946_684_800.0 + 0xFFFF_FFFD)  # seconds since 2000 that the network can say
_HUB: Final = "CHF"


def tell_change(asked: Asked, work: Work, utc: Utc) -> Served:
    """Take what a supplier says of a home: other people live there, or it answers itself.

    Raises:
        RequestRefused: it may not say so.
        RowsWanted: rows are missing.
    """
    if asked.header.variant == TENANCY:
        return _tell_tenancy(asked, work, utc)
    return _tell_supplier(asked, work, utc)


def _tell_tenancy(asked: Asked, work: Work, utc: Utc) -> Served:
    body = asked.request.body
    assert isinstance(body, OtherRequest)  # noqa: S101 - by its variant
    _, home = asked_device(asked, work)
    told = dict(body.fields).get(_SINCE)
    try:
        since = utc if told is None else MomentField().read(told)
    except ValueError as error:
        raise RequestRefused(ResponseCase.STRUCTURE_WRONG, f"{_SINCE}: {error}") from None
    _require_sayable(since)
    if body.execution_utc == CANCELLATION:
        raise RequestRefused(
            ResponseCase.STRUCTURE_WRONG, "a tenancy is told at once: there is none to cancel"
        )
    event = TenancyTold(home.home, since)
    happened = tenancy_told(event, work, utc)
    diary.tenancy_told(event, work, utc)
    announce_tenancy(home, since, work, utc)
    return Served(text=f"tenancy of {home.home}", happened=tuple(happened))


def _tell_supplier(asked: Asked, work: Work, utc: Utc) -> Served:
    body = asked.request.body
    assert isinstance(body, OtherRequest)  # noqa: S101 - by its variant
    request_id, user = asked.header.request_id, asked.user
    device, home = found_device(request_id.target, work)
    fuels = fuels_of(device.kind)
    if len(fuels) != 1:
        raise RequestRefused(
            ResponseCase.WRONG_DEVICE_TYPE, f"{device.kind} is no device of one supplier"
        )
    if body.execution_utc == CANCELLATION:
        return cancel_dated(asked, device.device, work, utc)
    at = utc if body.execution_utc is None else body.execution_utc
    _require_sayable(at)
    if at < utc:
        raise RequestRefused(ResponseCase.STRUCTURE_WRONG, "the execution time has passed")
    named = _registered(home, fuels[0], at, work)
    if named != user.party or SUPPLIERS[fuels[0]] is not user.role:
        raise RequestRefused(
            ResponseCase.NOT_RESPONSIBLE,
            f"registration data do not name {user.party} for {format_eui64(device.device)} then",
        )
    check_counter(request_id, work)
    check_new(asked, work)
    note_counter(device.device, user.user, request_id.counter, work)
    name = command_name(asked.name)
    version = asked.request.schema_version
    row = DeviceCommand(
        name,
        asked.name,
        SUPPLIER,
        user.user,
        device.device,
        home.home,
        CommandState.DRAFTED,
        utc,
        version,
        request_id.counter,
        body.execution_utc,
        due_utc=at,
    )
    dated = COMMANDS.turn(row.state, CommandStep.DATE)
    work.put(replaced(row, state=dated))
    announce_supplier(home, fuels[0], user.party, at, work, utc)
    return Served(later=True, text=f"supplier of {home.home}")


def _require_sayable(moment: Utc) -> None:
    """Refuse a time that a home network has no number for."""
    if moment > LATEST:
        raise RequestRefused(ResponseCase.STRUCTURE_WRONG, "the time is too far ahead for a device")


def _registered(home: Home, fuel: Fuel, at: Utc, work: Work) -> str:
    """Say who answers for a home at a time: by the history, or, where there is none, by the home."""
    now = home.electricity if fuel is Fuel.ELECTRICITY else home.gas
    return responsible(work, home.home, fuel, at) or now


def supplier_due(command: DeviceCommand, work: Work, utc: Utc) -> None:
    """Tell who asked that the change has come, at its time; another may answer by now."""
    user = work.get(ServiceUser, command.user)
    holds = user is not None and _holds(command, user, work, utc)
    sent = COMMANDS.turn(command.state, CommandStep.SEND) or command.state
    state = COMMANDS.turn(sent, CommandStep.DO if holds else CommandStep.REFUSE) or sent
    work.put(replaced(command, state=state, since_utc=utc, due_utc=None))
    if user is not None:
        request_id = RequestId.parse(command.request)
        content = SupplierChange(request_id, "" if holds else "E04")
        alert(work, user, command.name, content, utc)


def _holds(command: DeviceCommand, user: ServiceUser, work: Work, utc: Utc) -> bool:
    try:
        device, home = found_device(command.device, work)
    except RequestRefused:
        return False  # it is there no longer
    return _registered(home, fuels_of(device.kind)[0], utc, work) == user.party


# --- what the home network is told --------------------------------------------------------------


def tenancy_changed(happened: TenancyChanged, work: Work, utc: Utc) -> None:
    """Tell the home network of a change of tenancy; once, however it became known."""
    home = work.get(Home, happened.home)
    if home is not None:
        announce_tenancy(home, happened.utc, work, utc)


def supplier_changed(happened: SupplierChanged, work: Work, utc: Utc) -> None:
    """Tell the home network of a change of supplier; once, however it became known."""
    home = work.get(Home, happened.home)
    if home is not None and happened.gaining:
        announce_supplier(home, happened.fuel, happened.gaining, happened.utc, work, utc)


def gateway_changed(happened: GatewayChanged, work: Work, utc: Utc) -> None:
    """Another gateway is told what its home network is to be told later."""
    home = happened.home
    keys = [_tenancy_key(home, row.from_utc) for row in work.select(Tenancy, home=home)]
    keys += [
        _supplier_key(home, row.fuel, row.party, row.from_utc)
        for row in work.select(Responsibility, home=home)
    ]
    asked = [RowKey(Instruction, (key,)) for key in keys]
    work.require(asked)
    rows = [work.get(Instruction, *key.values) for key in asked]
    later = [
        key
        for key, row in zip(asked, rows, strict=True)
        if row is not None and (row.at_utc or 0.0) > utc
    ]
    tell_anew(later, happened.target, work)


def announce_tenancy(home: Home, since: Utc, work: Work, utc: Utc) -> None:
    """Have a home network told that other people live there from a time on."""
    _announce(home, _tenancy_key(home.home, since), Verb.TENANCY, since, "", work, utc)


def announce_supplier(home: Home, fuel: Fuel, party: str, since: Utc, work: Work, utc: Utc) -> None:
    """Have a home network told that a supplier answers from a time on."""
    known = work.get(Party, party)
    provider = party if known is None else known.name
    key = _supplier_key(home.home, fuel, party, since)
    _announce(home, key, Verb.SUPPLIER, since, provider, work, utc)


def _announce(
    home: Home, key: str, verb: Verb, since: Utc, provider: str, work: Work, utc: Utc
) -> None:
    if work.get(Instruction, key) is not None:
        return
    hubs = [row for row in work.select(InstalledDevice, home=home.home) if row.kind == _HUB]
    hub = max(hubs, key=lambda row: row.installed_utc, default=None)
    if hub is None:
        return  # a network without a hub is told by nobody
    work.put(
        Instruction(
            key,
            home.gateway,
            "",
            1,
            home.home,
            hub.device,
            verb,
            at_utc=since,
            number=max([int(utc), *(1 + number for number in _numbers(home, verb, work))]),
            provider=provider,
        )
    )


def _numbers(home: Home, verb: Verb, work: Work) -> list[int]:
    """Read the numbers of what a home network was told of its occupier, whose last word has the highest.

    A clock may be set back between two of them.
    """
    if verb is not Verb.TENANCY:
        return []  # of its suppliers each is told, in the order in which they answer
    before = work.select(Tenancy, home=home.home)
    keys = [RowKey(Instruction, (_tenancy_key(home.home, row.from_utc),)) for row in before]
    work.require(keys)
    rows = [work.get(Instruction, *key.values) for key in keys]
    return [row.number for row in rows if row is not None]


def _tenancy_key(home: str, since: float) -> str:
    return f"premises/{home}/tenancy/{since:.0f}"


def _supplier_key(home: str, fuel: Fuel, party: str, since: float) -> str:
    return f"premises/{home}/{fuel}/{party}/{since:.0f}"
