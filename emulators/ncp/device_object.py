"""The Zigbee device object of coordinator and devices: what an interview asks, and the answers.

Pure. Knows the payloads of profile 0 (Zigbee 2.4); knows nothing of how they travel.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import pack, unpack_from

from emulators.devices.kinds import kind_of
from emulators.platform.spec import DeviceSpec
from emulators.premises.habits import HABITS
from images.eui64 import Eui64
from ota_engine.events import (
    BASIC_CLUSTER,
    DEVICE_MANAGEMENT_CLUSTER,
    OTA_UPGRADE_CLUSTER,
    TUNNELING_CLUSTER,
)

PROFILE = 0x0000
ENDPOINT = 0
DEVICE_ANNCE = 0x0013
RESPONSE = 0x8000  # added to the cluster of a request
SUCCESS, INVALID_REQUEST, DEVICE_NOT_FOUND, NOT_SUPPORTED, NOT_ACTIVE = 0x00, 0x80, 0x81, 0x84, 0x83
NO_MATCH_ALL = 0xFFFF  # a profile that matches any

MAINS_ROUTER = 0x8E  # full function, mains, receiver on, may be given an address
SLEEPY_CHILD = 0x80
COORDINATOR = 0x8F
MAX_BUFFER, MAX_TRANSFER = 82, 82  # octets
ON_MAINS, ON_CELLS = 0xC110, 0xC440  # power descriptors: source, and all of it left
REVISION = 0x2C00  # server mask: stack revision 22
SERVER_MASK = REVISION | 0x0041  # primary trust centre, network manager


@dataclass(frozen=True, slots=True)
class SimpleDescriptor:
    """One endpoint as its simple descriptor tells, Zigbee 2.3.2.5."""

    endpoint: int
    profile: int
    device: int
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def encode(self) -> bytes:
        """The descriptor's octets."""
        head = pack("<BHHB", self.endpoint, self.profile, self.device, self.version)
        return head + _list(self.inputs) + _list(self.outputs)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device object tells of its device."""

    eui64: Eui64
    network_address: int
    logical_type: int  # 0: coordinator, 1: router, 2: end device
    capability: int
    manufacturer_code: int
    endpoints: tuple[SimpleDescriptor, ...]
    server_mask: int = REVISION
    cells: bool = False

    @classmethod
    def of(cls, spec: DeviceSpec) -> "Identity":
        """Describe an emulated device."""
        numbers = dict.fromkeys(part.endpoint for part in spec.parts)
        endpoints = (_endpoint(spec, number) for number in numbers)
        return cls(
            spec.eui64,
            spec.network_address,
            2 if spec.sleepy else 1,
            SLEEPY_CHILD if spec.sleepy else MAINS_ROUTER,
            spec.manufacturer_code,
            tuple(endpoints),
            cells=spec.cells,
        )


def _endpoint(spec: DeviceSpec, number: int) -> SimpleDescriptor:
    """Describe one endpoint; tunnels, and changes of tenancy and supplier, are the first chip's."""
    inputs, outputs = [BASIC_CLUSTER], [OTA_UPGRADE_CLUSTER]
    if number == spec.endpoint:
        inputs.append(TUNNELING_CLUSTER)
        outputs.append(TUNNELING_CLUSTER)
        habits = HABITS.get(spec.premises)
        if habits is not None:
            (inputs if habits.serves else outputs).append(DEVICE_MANAGEMENT_CLUSTER)
    return SimpleDescriptor(
        number, spec.profile, kind_of(spec).device_id, 0, tuple(inputs), tuple(outputs)
    )


def announcement(sequence: int, address: int, eui64: int, capability: int) -> bytes:
    """The payload of a Device_annce."""
    return pack("<BHQB", sequence, address, eui64, capability)


def answer(identity: Identity, cluster: int, payload: bytes) -> tuple[int, bytes] | None:
    """Answer one request of profile 0.

    Returns:
        the cluster and payload of the response; None for what wants none.
    """
    if cluster & RESPONSE or cluster in _SILENT or not payload:
        return None
    answerer = _ANSWERS.get(cluster)
    if answerer is None:
        return cluster | RESPONSE, bytes((payload[0], NOT_SUPPORTED))
    body = payload[1:]
    content = bytes((INVALID_REQUEST,)) if len(body) < _NEEDS[cluster] else answerer(identity, body)
    return cluster | RESPONSE, payload[:1] + content


def leave_request(sequence: int, eui64: int) -> bytes:
    """The payload of a Mgmt_Leave_req, Zigbee 2.4.3.3.5."""
    return pack("<BQB", sequence, eui64, 0)


def leaves(cluster: int, payload: bytes, own: int) -> bool:
    """Whether a request tells the device with this EUI-64 to leave, Zigbee 2.4.3.3.5."""
    if cluster != MGMT_LEAVE or len(payload) < 9:
        return False
    target: int = unpack_from("<Q", payload, 1)[0]
    return target in (0, own)


# --- the single answers ---------------------------------------------------------------------------


def _addresses(identity: Identity, _: bytes) -> bytes:
    return pack("<BQH", SUCCESS, identity.eui64, identity.network_address)


def _node_descriptor(identity: Identity, _: bytes) -> bytes:
    return pack(
        "<BHBBBHBHHHB",
        SUCCESS,
        identity.network_address,
        identity.logical_type,
        0x40,  # 2.4 GHz
        identity.capability,
        identity.manufacturer_code,
        MAX_BUFFER,
        MAX_TRANSFER,
        identity.server_mask,
        MAX_TRANSFER,
        0,
    )


def _power_descriptor(identity: Identity, _: bytes) -> bytes:
    power = ON_CELLS if identity.cells else ON_MAINS
    return pack("<BHH", SUCCESS, identity.network_address, power)


def _simple_descriptor(identity: Identity, body: bytes) -> bytes:
    wanted = body[2]
    for endpoint in identity.endpoints:
        if endpoint.endpoint == wanted:
            descriptor = endpoint.encode()
            head = pack("<BHB", SUCCESS, identity.network_address, len(descriptor))
            return head + descriptor
    return pack("<BHB", NOT_ACTIVE, identity.network_address, 0)


def _active_endpoints(identity: Identity, _: bytes) -> bytes:
    numbers = bytes(endpoint.endpoint for endpoint in identity.endpoints)
    return pack("<BHB", SUCCESS, identity.network_address, len(numbers)) + numbers


def _match_descriptor(identity: Identity, body: bytes) -> bytes:
    profile, rest = unpack_from("<H", body, 2)[0], body[4:]
    inputs, rest = _read_list(rest)
    outputs, _ = _read_list(rest)
    found = bytes(
        endpoint.endpoint
        for endpoint in identity.endpoints
        if profile in (endpoint.profile, NO_MATCH_ALL)
        and (set(inputs) & set(endpoint.inputs) or set(outputs) & set(endpoint.outputs))
    )
    return pack("<BHB", SUCCESS, identity.network_address, len(found)) + found


def _accepted(_: Identity, __: bytes) -> bytes:
    return bytes((SUCCESS,))


def _empty_table(_: Identity, body: bytes) -> bytes:
    return bytes((SUCCESS, 0, body[0], 0))


def _list(clusters: Sequence[int]) -> bytes:
    return bytes((len(clusters),)) + b"".join(pack("<H", cluster) for cluster in clusters)


def _read_list(data: bytes) -> tuple[tuple[int, ...], bytes]:
    count = min(data[0], (len(data) - 1) // 2) if data else 0
    return unpack_from(f"<{count}H", data, 1) if count else (), data[1 + 2 * count :]


MGMT_LEAVE = 0x0034
_SILENT = frozenset({DEVICE_ANNCE, 0x001F, 0x0036})  # announcements; permit joining is broadcast
_ANSWERS: dict[int, Callable[[Identity, bytes], bytes]] = {
    0x0000: _addresses,
    0x0001: _addresses,
    0x0002: _node_descriptor,
    0x0003: _power_descriptor,
    0x0004: _simple_descriptor,
    0x0005: _active_endpoints,
    0x0006: _match_descriptor,
    0x0021: _accepted,  # bind
    0x0022: _accepted,  # unbind
    0x0031: _empty_table,  # neighbours
    0x0032: _empty_table,  # routes
    0x0033: _empty_table,  # bindings
    MGMT_LEAVE: _accepted,
}
_NEEDS = dict.fromkeys(_ANSWERS, 1) | {0x0004: 3, 0x0006: 5, 0x0002: 2, 0x0005: 2, MGMT_LEAVE: 8}
