"""A campaign over gateways as processes, kill after kill: it completes, and everything counts once."""

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

import pytest

from ota_engine.cli.exits import Exit
from ota_engine.fleet.campaigns.rows import CampaignState, Member
from ota_engine.fleet.gateways.rows import GatewayAlert, GatewayContact
from ota_engine.fleet.inventory.rows import InstalledDevice, VersionSource
from tests.cli.fleet import VERSION
from tests.cli.zota import zota
from tests.gateway.trial import Trial

GATEWAYS: Final = 20
DONGLES: Final = 3
RATE: Final = 3_000.0  # a day in half a minute: what a home does in its own seconds stays short
KILLS: Final = (
    "serve",
    "gw-04",
    "gw-01",
    "gw-11",
    "serve",
    "gw-18",
    "gw-02",
    "gw-07",
    "serve",
    "gw-20",
)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    found = Trial(tmp_path, GATEWAYS, RATE)
    yield found
    found.close()


@pytest.mark.heavy
def test_a_campaign_over_twenty_gateways_completes_through_ten_kills(trial: Trial) -> None:
    links = {name: trial.dongle(name) for name in trial.names[-DONGLES:]}
    trial.serve()
    for name in trial.names:
        trial.gateway(name, links.get(name, f"han://?devices={trial.roster(name)}"))
    draw = Random(13)
    for victim in KILLS:
        time.sleep(draw.uniform(1.0, 8.0))
        trial.check_alive()
        trial.kill(victim)
    trial.until(lambda: set(trial.members().values()) == {"activated"}, 300)
    time.sleep(3.0)  # for what was said last

    assert trial.campaign().state is CampaignState.RUNNING, "a mass phase ends by what follows it"
    assert all(member.attempt == 1 for member in trial.rows(Member))
    devices = [one for one in trial.rows(InstalledDevice) if one.kind == "PPMID"]
    assert len(devices) == GATEWAYS
    for device in devices:
        assert (device.version, device.version_source) == (VERSION, VersionSource.DEVICE)
    assert trial.rows(GatewayAlert) == [], "a gateway that was killed is no other one"

    for name in trial.names:
        assert trial.stop(name) == Exit.OK
        assert "goes on from" in trial.log(name)
    assert heard(trial) == trial.last_numbers(), "all of it was heard, and nothing twice"
    assert trial.stop("serve") == Exit.OK
    check_evidence(trial)


def heard(trial: Trial) -> dict[str, int]:
    """Up to where the fleet has heard each gateway."""
    return {one.gateway: one.heard for one in trial.rows(GatewayContact)}


def check_evidence(trial: Trial) -> None:
    pack, key = trial.folder / "c1.zip", trial.folder / "fleet.pub"
    state = ("--state", trial.fleet.state)
    for words in (
        ("evidence", "export", "c1", "-o", pack, *state),
        ("evidence", "key", "-o", key, *state),
        ("evidence", "verify", pack, "--key", key),
    ):
        ran = zota(*words)
        assert ran.code == Exit.OK, ran


@pytest.mark.heavy
def test_gateways_that_are_emulated_in_one_process_work_as_those_in_processes_of_their_own(
    tmp_path: Path,
) -> None:
    trial = Trial(tmp_path, 8, RATE)
    try:
        trial.serve()
        trial.emulate()
        for victim in ("emulated", "serve", "emulated"):
            time.sleep(4.0)
            trial.kill(victim)
        trial.until(lambda: set(trial.members().values()) == {"activated"}, 300)
        time.sleep(3.0)  # for what was said last
        assert trial.stop("emulated") == Exit.OK
        assert heard(trial) == trial.last_numbers()
        assert trial.rows(GatewayAlert) == []
    finally:
        trial.close()
