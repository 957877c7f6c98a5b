"""How gateways stand, on the terminal."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from ota_engine.fleet.gateways.acts import AdmitGateway, MoveHomes, RevokeGateway
from ota_engine.fleet.gateways.rows import AlertCause, GatewayAlert, GatewayContact
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.location import FLEET_NAME
from tests.cli.zota import zota
from tests.fleet.rollout import RollOutTown


@pytest.fixture
def state(tmp_path: Path) -> Path:
    store = FleetStore.open(tmp_path / FLEET_NAME)
    town = RollOutTown(2, store=store)
    for name in ("gw", "gw2", "gw3"):
        code = sha256(name.encode()).hexdigest()
        town.decide("olive", AdmitGateway(name, code, town.utc + 60.0))
    town.decide("olive", MoveHomes("gw2", ("h2",)))
    town.decide("olive", RevokeGateway("gw3"))
    contact = GatewayContact("gw", town.utc, "zota 1", 1, 3.0, 17, 2, "192.0.2.1", "no radio")
    alert = GatewayAlert("gw", AlertCause.NOT_ITS_HOME, "h9", "it says no", "", 3, 1.0, 2.0)
    town.put(contact, alert, replace(contact, gateway="gw3"))
    store.close()
    return tmp_path


def test_gateways_are_listed_with_what_is_wrong(state: Path) -> None:
    ran = zota("gateway", "list", "--state", str(state))
    assert ran.code == 0
    assert "no radio" in ran.out
    assert "revoked" in ran.out
    found = json.loads(zota("gateway", "list", "--json", "--state", str(state)).out)
    assert [one["gateway"] for one in found] == ["gw", "gw2", "gw3"]


def test_one_gateway_is_shown_with_its_homes_and_alerts(state: Path) -> None:
    ran = zota("gateway", "show", "gw", "--state", str(state))
    assert ran.code == 0
    assert "home h2 leaves for gw2" in ran.out
    assert "alert: it says no (3 times)" in ran.out
    found = json.loads(zota("gateway", "show", "gw", "--json", "--state", str(state)).out)
    assert found["leaving"] == {"h2": "gw2"}


def test_a_gateway_that_is_not_there_is_named(state: Path) -> None:
    ran = zota("gateway", "show", "gw9", "--state", str(state))
    assert ran.code == 2
    assert "gw9" in ran.err
