"""A server with the API alone, and a few homes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ota_engine.head_end.api.door import ApiDoor
from tests.head_end.service_lab import ServiceClient, ServiceLab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[ServiceLab]:
    """A fleet of 40 homes."""
    with ServiceLab(tmp_path) as lab:
        yield lab


@pytest.fixture
async def api(lab: ServiceLab) -> AsyncIterator[ServiceClient]:
    """Those who come to its API."""
    async with lab.serving(ApiDoor) as client:
        yield client
