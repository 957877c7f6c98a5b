"""A user of ZHA without Home Assistant: lets three devices join, and installs what is offered.

Run by an interpreter that has ZHA, in the folder of the dongle. Arguments: a configuration.yaml.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import yaml
from zha.application import Platform
from zha.application.gateway import Gateway
from zha.application.helpers import (
    CoordinatorConfiguration,
    QuirksConfiguration,
    ZHAConfiguration,
    ZHAData,
)

DEVICES = 3


async def main() -> None:
    text = Path(sys.argv[1]).read_text()  # noqa: ASYNC240 - nothing runs yet
    coordinator = CoordinatorConfiguration(
        path="./virtual-dongle", baudrate=115_200, flow_control=None, radio_type="ezsp"
    )
    config = ZHAConfiguration(
        coordinator_configuration=coordinator,
        quirks_configuration=QuirksConfiguration(enabled=False),
    )
    zigpy_config = {**yaml.safe_load(text)["zha"]["zigpy_config"], "database_path": "zha.db"}
    data = ZHAData(config=config, zigpy_config=zigpy_config)
    gateway = await Gateway.async_from_config(data)
    await gateway.async_initialize()
    await gateway.async_initialize_devices_and_entities()
    await gateway.application_controller.permit(254)
    offers: list[Any] = []
    while len(offers) < DEVICES:
        await asyncio.sleep(0.1)
        offers = [
            entity
            for device in gateway.devices.values()
            for entity in device.platform_entities.values()
            if entity.PLATFORM == Platform.UPDATE and entity.latest_version
        ]
    for offer in offers:
        device, before = offer.device, offer.installed_version
        await offer.async_install(version=None)
        print("updated", device.ieee, device.manufacturer, device.model, before, flush=True)  # noqa: T201
    await gateway.shutdown()


asyncio.run(main())
