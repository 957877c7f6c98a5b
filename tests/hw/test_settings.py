"""Link URLs of radios: what they say, and what is said of those that say nothing."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.libraries import LIBRARIES, load_controller
from hw.settings import parse_link
from ota_engine.errors import LocalError


@pytest.mark.parametrize(
    ("url", "port", "device"),
    [
        ("ezsp:///dev/ttyACM0", "/dev/ttyACM0", "/dev/ttyACM0"),
        ("ezsp://./virtual-dongle", "./virtual-dongle", "./virtual-dongle"),
        ("ezsp+tcp://127.0.0.1:7338", "127.0.0.1:7338", "tcp://127.0.0.1:7338"),
    ],
)
def test_a_port_is_a_path_or_an_address(url: str, port: str, device: str) -> None:
    settings = parse_link(url)
    assert settings.port == port
    assert settings.url == url
    config = settings.zigpy_config()["device"]
    assert isinstance(config, dict)
    assert config["path"] == device


@pytest.mark.parametrize(
    "query",
    ["", "?baudrate=460800", "?flow=hardware", "?baudrate=57600&flow=software&aps=encrypted"],
)
def test_hints_name_the_link_with_its_options(query: str) -> None:
    url = f"ezsp:///dev/ttyUSB0{query}"
    assert parse_link(url).url == url
    assert parse_link(parse_link(url).url) == parse_link(url)


def test_serial_options_are_taken() -> None:
    settings = parse_link("ezsp:///dev/ttyUSB0?baudrate=460800&flow=hardware")
    assert (settings.baudrate, settings.flow_control) == (460_800, "hardware")


def test_aps_encryption_can_be_asked_for() -> None:
    assert parse_link("ezsp:///dev/ttyUSB0?aps=encrypted").aps_security
    assert not parse_link("ezsp:///dev/ttyUSB0").aps_security


def test_endpoints_that_clients_insist_on_can_be_named() -> None:
    settings = parse_link("ezsp:///dev/ttyUSB0?endpoints=47,13")
    assert settings.endpoints == (13, 47)
    assert settings.url == "ezsp:///dev/ttyUSB0?endpoints=13,47"


@pytest.mark.parametrize("text", ["0", "241", "x", "13,", "-1"])
def test_what_is_no_endpoint_says_how_to_write_some(text: str) -> None:
    with pytest.raises(LocalError, match=f"endpoints={text}; write e.g. endpoints=47"):
        parse_link(f"ezsp:///dev/ttyUSB0?endpoints={text}")


def test_the_network_is_remembered_in_the_state_folder(tmp_path: Path) -> None:
    assert parse_link("ezsp:///dev/ttyUSB0", tmp_path).database == tmp_path / "network.db"
    assert parse_link("ezsp:///dev/ttyUSB0").database is None


@pytest.mark.parametrize("scheme", LIBRARIES)
def test_every_radio_library_has_a_scheme(scheme: str) -> None:
    assert parse_link(f"{scheme}:///dev/ttyUSB0").library.scheme == scheme


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("/dev/ttyACM0", "write ezsp:///dev/ttyACM0"),
        ("usb:///dev/ttyACM0", "no such kind of radio"),
        ("ezsp://", "name a port"),
        ("ezsp://[", "not a URL"),
        ("ezsp+tcp://localhost", "name a host and a port"),
        ("ezsp+tcp://localhost:notaport", "name a host and a port"),
        ("ezsp:///dev/ttyACM0?baudrate=fast", "not a number"),
        ("ezsp:///dev/ttyACM0?baudrate=0", "not a number"),
        ("ezsp:///dev/ttyACM0?flow=round", "flow=round"),
        ("ezsp:///dev/ttyACM0?colour=red", "unknown option colour"),
    ],
)
def test_a_url_that_names_no_radio_is_refused_with_what_to_write(url: str, says: str) -> None:
    with pytest.raises(LocalError, match=says) as caught:
        parse_link(url)
    assert "\n" not in str(caught.value)


def test_a_library_that_is_not_installed_says_how_to_get_it() -> None:
    missing = LIBRARIES["znp"]._replace(module="zigpy_of_nobody")
    with pytest.raises(LocalError, match=r"pip install 'zota\[znp\]'"):
        load_controller(missing)


@given(st.text(max_size=40))
def test_any_text_is_a_radio_or_refused(text: str) -> None:
    with suppress(LocalError):
        assert parse_link(text).port
