"""What a link URL says about a radio: which library drives it, where it is, how to talk to it.

Knows the words of link URLs and of zigpy's configuration; opens nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

from hw.libraries import LIBRARIES, Library
from ota_engine.errors import LocalError

DATABASE_NAME = "network.db"  # zigpy's database, in the state folder
BAUDRATE = 115_200  # of every dongle sold today
FLOW_CONTROLS = {"hardware": "hardware", "software": "software", "none": None}
TCP = "+tcp"
LAST_ENDPOINT = 240  # of an application, Zigbee 2.3.2.5.1
COMMIT_EVERY = 1.0  # seconds; zigpy's thirty would lose a network's new devices in a power cut
#: Shares of the radio's concurrency, by priority; each may use its own and those below it. Zigpy
#: gives the lowest a quarter, which would let two of eight downloads run.
CONCURRENCY = {"low": 0.75, "normal": 0.125, "high": 0.125}


@dataclass(frozen=True, slots=True)
class RadioSettings:
    """One radio, and where its network is remembered.

    ``port`` is a path or ``host:port``. ``state`` is the folder of the network database; None
    keeps nothing. ``baudrate`` and ``flow_control`` mean nothing over TCP. ``endpoints`` are those to
    serve images on beside the usual ones. ``reconnect_after`` is
    how long to wait, in seconds, before each attempt to reach a radio that was lost; the last
    holds for all that follow.
    """

    library: Library
    port: str
    tcp: bool = False
    state: Path | None = None
    baudrate: int = BAUDRATE
    flow_control: str | None = None
    aps_security: bool = False
    endpoints: tuple[int, ...] = ()
    reconnect_after: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)

    @property
    def url(self) -> str:
        """The link URL with every option that matters, as a person would type it."""
        flow = next(name for name, known in FLOW_CONTROLS.items() if known == self.flow_control)
        options = {
            "baudrate": None if self.baudrate == BAUDRATE else str(self.baudrate),
            "flow": None if self.flow_control is None else flow,
            "aps": "encrypted" if self.aps_security else None,
            "endpoints": ",".join(map(str, self.endpoints)),
        }
        query = "&".join(f"{name}={value}" for name, value in options.items() if value)
        scheme = self.library.scheme + (TCP if self.tcp else "")
        return f"{scheme}://{self.port}" + (f"?{query}" if query else "")

    @property
    def database(self) -> Path | None:
        """Where zigpy keeps the network."""
        return None if self.state is None else self.state / DATABASE_NAME

    def zigpy_config(self, channel: int | None = None) -> dict[str, object]:
        """Zigpy's configuration: everything it would do of its own accord is switched off.

        Args:
            channel: the 802.15.4 channel a network is to be formed on, 11 to 26.
        """
        return {
            "database_path": None if self.database is None else str(self.database),
            "database_commit_interval": COMMIT_EVERY,
            "device": {
                "path": f"tcp://{self.port}" if self.tcp else self.port,
                "baudrate": self.baudrate,
                "flow_control": self.flow_control,
            },
            "use_thread": False,  # of bellows; its own thread cannot live in trio (ADR 0020)
            "network": {"channel": channel},
            "ota": {"enabled": False, "broadcast_enabled": False, "providers": []},
            "backup_enabled": False,
            "topology_scan_enabled": False,
            "experimental": {"concurrency": dict(CONCURRENCY)},
        }


def parse_link(url: str, state: Path | None = None) -> RadioSettings:
    """Read a link URL such as ``ezsp:///dev/ttyACM0?baudrate=460800`` or ``ezsp+tcp://host:port``.

    Raises:
        LocalError: the URL is not one of a radio.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise LocalError(f"{url}: not a URL ({error}); write e.g. ezsp:///dev/ttyACM0") from error
    tcp = parts.scheme.endswith(TCP)
    library = LIBRARIES.get(parts.scheme.removesuffix(TCP))
    if library is None:
        known = ", ".join(f"{scheme}://" for scheme in LIBRARIES)
        hint = f"write ezsp://{url}; " if url.startswith(("/", "./")) else ""
        raise LocalError(f"{url}: no such kind of radio; {hint}there are {known}, each also {TCP}")
    port = _host_and_port(url, parts) if tcp else parts.netloc + parts.path
    if not port:
        raise LocalError(f"{url}: name a port, e.g. {library.scheme}:///dev/ttyACM0")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    settings = RadioSettings(
        library,
        port,
        tcp,
        state,
        _baudrate(url, options.pop("baudrate", str(BAUDRATE))),
        _flow_control(url, options.pop("flow", "none")),
        options.pop("aps", "plain") == "encrypted",
        _endpoints(url, options.pop("endpoints", "")),
    )
    if options:
        raise LocalError(
            f"{url}: unknown option {min(options)}; there are baudrate, flow, aps and endpoints"
        )
    return settings


def _host_and_port(url: str, parts: SplitResult) -> str:
    try:
        if parts.hostname and parts.port:
            return parts.netloc
    except ValueError:
        pass
    raise LocalError(f"{url}: name a host and a port, e.g. {parts.scheme}://127.0.0.1:7338")


def _baudrate(url: str, text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise LocalError(f"{url}: baudrate={text} is not a number of bits per second")
    return int(text)


def _flow_control(url: str, text: str) -> str | None:
    if text not in FLOW_CONTROLS:
        raise LocalError(f"{url}: flow={text}; there are {', '.join(FLOW_CONTROLS)}")
    return FLOW_CONTROLS[text]


def _endpoints(url: str, text: str) -> tuple[int, ...]:
    """Read endpoint numbers, Zigbee 2.3.2.5.1: 1 to 240 are an application's."""
    numbers = text.split(",") if text else []
    for number in numbers:
        if not number.isdecimal() or not 1 <= int(number) <= LAST_ENDPOINT:
            raise LocalError(f"{url}: endpoints={text}; write e.g. endpoints=47 or endpoints=13,47")
    return tuple(sorted({int(number) for number in numbers}))
