"""A state folder with a town, for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.head_end.gateways.lab import GatewayLab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[GatewayLab]:
    with GatewayLab(tmp_path) as lab:
        yield lab


@pytest.fixture
def campaign(lab: GatewayLab) -> GatewayLab:
    lab.begin()
    return lab
