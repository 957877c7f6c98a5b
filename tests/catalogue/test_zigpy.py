"""What we export is accepted by zigpy's own providers, which find the images and read the files."""

import asyncio
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest

from images.catalogue import Range, StatusDecision, Terms
from ota_engine.catalogue.desk import decide
from ota_engine.catalogue.export import chosen, release_folder
from ota_engine.catalogue.folder import Catalogue
from tests.catalogue.samples import ANNE, CODE, TYPE, empty, ota, put

zigpy_ota = pytest.importorskip("zigpy.ota", reason="zigpy is not installed")
OTA_SCHEMA = pytest.importorskip("zigpy.config").SCHEMA_OTA
QueryNextImage = pytest.importorskip("zigpy.zcl.clusters.general").QueryNextImageCommand

OLD, NEXT, NEWEST = 0x01000000, 0x01010000, 0x01020000
PROVIDERS = {"zigpy_local": "zigpy.json", "z2m_local": "zigbee2mqtt.json"}


class Queried(NamedTuple):
    """What zigpy's image search reads of a device."""

    manufacturer_id: int = CODE
    manufacturer: str = "zota"
    model: str = "PPMID"


class Found(NamedTuple):
    version: int
    octets: bytes


def search(
    folder: Path, provider: str, running: int, hardware: int | None = None, model: str = "PPMID"
) -> list[Found]:
    """Ask a provider that reads the folder for upgrades."""
    index = {"type": provider, "index_file": str(folder / PROVIDERS[provider])}
    return upgrades(index, running, hardware, model)


def upgrades(
    provider: dict[str, str], running: int, hardware: int | None = None, model: str = "PPMID"
) -> list[Found]:
    """Ask zigpy's OTA for upgrades, as it does when a device sends Query Next Image."""
    config = OTA_SCHEMA(
        {
            "providers": [],
            "disable_default_providers": [],
            "extra_providers": [provider],
        }
    )

    async def ask() -> Any:
        query = QueryNextImage(
            field_control=0 if hardware is None else 1,
            manufacturer_code=CODE,
            image_type=TYPE,
            current_file_version=running,
            hardware_version=hardware,
        )
        return await zigpy_ota.OTA(config, None).get_ota_images(Queried(model=model), query)

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        result = runner.run(ask())
    return [Found(one.version, one.firmware.serialize()) for one in result.upgrades]


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def released(folder: Path, *images: tuple[bytes, Terms], base_url: str = "") -> Path:
    catalogue: Catalogue = empty(folder)
    for number, (data, terms) in enumerate(images):
        added = put(catalogue, data, terms, name=f"{number}.ota")
        with catalogue.writing() as writing:
            decide(writing, added.entry.sha256, StatusDecision.APPROVE, ANNE, "")
    entries = chosen(catalogue.entries(), drafts=False)
    release_folder(catalogue, entries, folder / "out", base_url, force=False)
    return folder / "out"


class Silent(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The URL under which a folder ``out`` is served, on this machine only."""
    serve = partial(Silent, directory=str(tmp_path / "out"))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("remote", "index"), [("zigpy_remote", "zigpy.json"), ("z2m", "zigbee2mqtt.json")]
)
def test_a_served_folder_is_found_and_fetched(
    tmp_path: Path, served: str, remote: str, index: str
) -> None:
    data = ota(version=NEWEST)
    released(tmp_path, (data, Terms()), base_url=served)
    assert upgrades({"type": remote, "url": f"{served}/{index}"}, OLD) == [(NEWEST, data)]


def test_an_exported_image_is_found_and_fetched(tmp_path: Path, provider: str) -> None:
    data = ota(version=NEWEST)
    folder = released(tmp_path, (data, Terms()))
    assert search(folder, provider, OLD) == [(NEWEST, data)]
    assert search(folder, provider, NEWEST) == []


def test_upgrade_paths_are_kept_apart(tmp_path: Path, provider: str) -> None:
    two = Terms(bases=(Range(OLD, OLD), Range(NEXT, NEXT + 5)))
    folder = released(tmp_path, (ota(version=NEWEST), two))
    versions = (OLD - 1, OLD, OLD + 1, NEXT, NEXT + 5, NEXT + 6)
    offered = [version for version in versions if search(folder, provider, version)]
    assert offered == [OLD, NEXT, NEXT + 5]


def test_hardware_ranges_are_kept(tmp_path: Path, provider: str) -> None:
    folder = released(tmp_path, (ota(version=NEWEST, hardware=(2, 3)), Terms(hardware=Range(2, 2))))
    assert [number for number in range(5) if search(folder, provider, OLD, number)] == [2]


def test_models_are_kept(tmp_path: Path, provider: str) -> None:
    folder = released(tmp_path, (ota(version=NEWEST), Terms(models=("PPMID", "IHD"))))
    fitting = [
        model for model in ("PPMID", "IHD", "CH") if search(folder, provider, OLD, None, model)
    ]
    assert fitting == ["PPMID", "IHD"]


def test_an_image_for_one_device_is_offered_to_nobody_else(tmp_path: Path, provider: str) -> None:
    folder = released(
        tmp_path,
        (ota(b"own", version=NEWEST, destination=5), Terms()),
        (ota(b"all", version=NEXT), Terms()),
    )
    assert [found.version for found in search(folder, provider, OLD)] == [NEXT]


def test_a_file_swapped_after_the_export_is_not_taken(tmp_path: Path, provider: str) -> None:
    folder = released(tmp_path, (ota(version=NEWEST), Terms()))
    (file,) = folder.glob("*.zigbee")
    file.write_bytes(ota(b"evil", version=NEWEST))
    assert search(folder, provider, OLD) == []
