"""Other people's hosts on the virtual dongle, as docs/virtual-dongle.md has it: ``make hosts``.

Each forms a network, takes three devices in, interviews and updates them; the dongle says at its
end whose flash holds the file, octet for octet.
"""

import importlib.metadata
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from emulators.home.zoo import zoo_roster
from ota_engine.events import SMART_ENERGY
from tests.hosts.fetched import node_host, python_host
from tests.hosts.page import ROOT, commands, printed, tried

pytestmark = pytest.mark.hosts

HERDSMAN, ZIGBEE2MQTT, BROKER = "10.9.2", "2.14.1", "0.51.3"
ZHA = "2.3.1"
MAINS = "Mains (single phase)"  # herdsman's words
PATIENCE = 900.0  # seconds before a host is given up; none takes a tenth of that
DONE = "zota: stopped; 3 of 3 devices run the file, octet for octet"


ZOTA = [sys.executable, "-m", "ota_engine"]


@contextmanager
def dongle(folder: Path) -> Iterator[list[str]]:
    """The page's commands, typed in a folder; afterwards the list holds what the dongle said."""
    build, ncp = commands()
    (folder / "firmware.bin").write_bytes(Random(1).randbytes(3000))
    subprocess.run([*ZOTA, *build], cwd=folder, check=True, capture_output=True)
    with serving(folder, ncp) as said:
        yield said


@contextmanager
def serving(folder: Path, ncp: list[str]) -> Iterator[list[str]]:
    """A dongle that serves; afterwards the list holds what it said."""
    said: list[str] = []
    with subprocess.Popen([*ZOTA, *ncp], cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while not (folder / "virtual-dongle").exists():
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)
            yield said
            process.send_signal(signal.SIGINT)
            said += process.communicate(timeout=PATIENCE)[1].splitlines()
        finally:
            process.kill()


def host(folder: Path, *argv: str | Path) -> list[str]:
    """Run a host to its end; returns the lines it printed."""
    ran = subprocess.run(
        [str(word) for word in argv],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
    return ran.stdout.splitlines()


def test_herdsman_updates_three_devices(tmp_path: Path) -> None:
    fetched = node_host(f"zigbee-herdsman@{HERDSMAN}")
    (tmp_path / "node_modules").symlink_to(fetched / "node_modules")
    (tmp_path / "update.mjs").write_text(printed("update.mjs"))
    with dongle(tmp_path) as said:
        lines = host(tmp_path, "node", "update.mjs")
    assert said[-1] == DONE
    assert len([line for line in lines if line.endswith("emulated Light 1 2")]) == 3
    assert tried("zigbee-herdsman").startswith(f"{HERDSMAN},")


def test_herdsman_interviews_the_zoo_but_for_its_display_of_smart_energy(tmp_path: Path) -> None:
    fetched = node_host(f"zigbee-herdsman@{HERDSMAN}")
    (tmp_path / "node_modules").symlink_to(fetched / "node_modules")
    shutil.copy(ROOT / "tests" / "hosts" / "interview.mjs", tmp_path)
    zoo = ["ncp", "--pty", "./virtual-dongle", "--zoo", "--speed", "fast"]
    with serving(tmp_path, zoo):
        lines = host(tmp_path, "node", "interview.mjs", "20")
    entries = [entry.spec for entry in zoo_roster() if entry.spec.profile != SMART_ENERGY]
    expected = {
        f"{spec.model}|EndDevice|Battery" if spec.cells else f"{spec.model}|Router|{MAINS}"
        for spec in entries
    }
    assert len(expected) == 19
    assert expected <= set(lines)


def test_zigpy_updates_three_devices(tmp_path: Path) -> None:
    (tmp_path / "update.py").write_text(printed("update.py"))
    (tmp_path / "firmware").mkdir()
    with dongle(tmp_path) as said:
        shutil.copy(tmp_path / "light.ota", tmp_path / "firmware")
        lines = host(tmp_path, sys.executable, "update.py")
    assert said[-1] == DONE
    assert len([line for line in lines if line.endswith("emulated Light SUCCESS")]) == 3
    zigpy, bellows = map(importlib.metadata.version, ("zigpy", "bellows"))
    assert tried("zigpy").startswith(f"{zigpy} with bellows {bellows},")


def test_zigbee2mqtt_updates_three_devices(tmp_path: Path) -> None:
    fetched = node_host(f"zigbee2mqtt@{ZIGBEE2MQTT}", f"aedes@{BROKER}")
    (tmp_path / "node_modules").symlink_to(fetched / "node_modules")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name in (
        "data/configuration.yaml",
        "data/index.json",
        "data/external_converters/zota.mjs",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(printed(name).replace(":1883", f":{port}"))
    with dongle(tmp_path) as said:
        shutil.copy(tmp_path / "light.ota", tmp_path / "data")
        driver = ROOT / "tests" / "hosts" / "zigbee2mqtt.mjs"
        lines = host(tmp_path, "node", driver, str(port))
    assert said[-1] == DONE
    known = [line for line in lines if line.startswith("known ")]
    assert len(known) == 3 and all(line.endswith("Emulated light") for line in known)
    updated = [line for line in lines if line.startswith("updated ")]
    assert len(updated) == 3 and all(line.endswith(" 2 0x00000002") for line in updated)
    assert tried("zigbee2mqtt").startswith(f"{ZIGBEE2MQTT},")


def test_zha_updates_three_devices(tmp_path: Path) -> None:
    python = python_host(f"zha=={ZHA}", "PyYAML", at_least=(3, 12))
    (tmp_path / "firmware").mkdir()
    text = printed("configuration.yaml").replace("/config/firmware", "firmware")
    (tmp_path / "configuration.yaml").write_text(text)
    with dongle(tmp_path) as said:
        shutil.copy(tmp_path / "light.ota", tmp_path / "firmware")
        driver = ROOT / "tests" / "hosts" / "on_zha.py"
        lines = host(tmp_path, python, driver, "configuration.yaml")
    assert said[-1] == DONE
    updated = [line for line in lines if line.startswith("updated ")]
    assert len(updated) == 3
    assert all(line.endswith("zota emulated Light 0x00000001") for line in updated)
    assert tried("ZHA").startswith(f"{ZHA} with")


def test_the_readme_names_the_command_and_the_versions() -> None:
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert "`zota ncp --pty ./virtual-dongle --for light.ota --profile ha`" in readme
    for host_and_version in (
        f"| zigbee2mqtt {ZIGBEE2MQTT} |",
        f"| ZHA {ZHA} |",
        f"| zigbee-herdsman {HERDSMAN} |",
        f"| zigpy {importlib.metadata.version('zigpy')} |",
    ):
        assert host_and_version in readme
