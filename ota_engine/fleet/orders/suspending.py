"""Devices that have not answered an activation: suspended until they answer something (MP105); pure."""

from ota_engine.duis.responses import SuspensionChange
from ota_engine.fleet.inventory.rows import Home, InstalledDevice, InventoryStatus
from ota_engine.fleet.kernel.rows import replaced
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.rows import DeviceCommand, Suspension
from ota_engine.fleet.orders.suppliers import responsible_users
from ota_engine.fleet.orders.telling import alert
from ota_engine.times import Utc


def suspend(
    device: InstalledDevice, home: Home, command: DeviceCommand, work: Work, utc: Utc
) -> None:
    """Suspend a device that has not answered a command, and tell all that answer for it."""
    if device.status is not InventoryStatus.COMMISSIONED:
        return
    work.put(Suspension(device.device, device.status, command.name, utc))
    work.put(replaced(device, status=InventoryStatus.SUSPENDED))
    content = SuspensionChange(device.device, True)
    for user in responsible_users(work, home, device.kind):
        alert(work, user, command.name, content, utc)


def restore(
    device: InstalledDevice | None, home: Home | None, work: Work, utc: Utc
) -> InstalledDevice | None:
    """Give a suspended device its status back, as it has answered.

    Returns:
        the device as it is now; None where it was not suspended.
    """
    if device is None or home is None or device.status is not InventoryStatus.SUSPENDED:
        return None
    suspension = work.get(Suspension, device.device)
    if suspension is None:
        return None
    work.drop(suspension)
    restored = replaced(device, status=InventoryStatus(suspension.status))
    work.put(restored)
    content = SuspensionChange(device.device, False)
    for user in responsible_users(work, home, device.kind):
        alert(work, user, suspension.command, content, utc)
    return restored
