"""What a server's word means to a client: pure judgements, no state and no frames."""

from collections.abc import Callable
from typing import NamedTuple

from emulators.client.step import Offer
from emulators.client.table import ClientEvent
from emulators.platform.flash import FileIdentity, Metadata, Spare
from emulators.platform.spec import DeviceSpec
from ota_engine.zcl.ota import (
    QUERY_HARDWARE_VERSION,
    ImageNotify,
    QueryDeviceSpecificFileRequest,
    QueryDeviceSpecificFileResponse,
    QueryNextImageRequest,
    QueryNextImageResponse,
    UpgradeEndResponse,
)
from ota_engine.zcl.status import Status

ANY_MANUFACTURER = 0xFFFF
ANY_IMAGE_TYPE = 0xFFFF
ANY_VERSION = 0xFFFF_FFFF
WAIT_FOREVER = 0xFFFF_FFFF  # UpgradeTime: until told again (ZCL 11.11.4)
FIRST_DEVICE_SPECIFIC_TYPE = 0xFFC0  # up to 0xFFFE: asked for by Query Device Specific File
NEVER_ASKED = (1, 1)  # activation out of band, do not apply on time-out: the server has no say

_new = tuple.__new__  # what a NamedTuple's own constructor calls, without its argument parsing


class WantedFile(NamedTuple):
    """The file a client needs next, and the version of it that it runs."""

    image_type: int
    version: int
    first: bool  # of the files of one upgrade
    last: bool


def wanted(spec: DeviceSpec, metadata: Metadata) -> WantedFile:
    """Which of the files of an upgrade comes next, by what flash already holds."""
    more = spec.options.more_image_types
    if not more:
        version = running_version(spec, metadata, spec.image_type)
        return _new(WantedFile, (spec.image_type, version, True, True))
    types = (spec.image_type, *more)
    collecting = metadata.spare in (Spare.PARTIAL, Spare.DOWNLOADING)
    index = len(metadata.held) % len(types) if collecting else 0
    version = running_version(spec, metadata, types[index])
    return WantedFile(types[index], version, index == 0, index == len(types) - 1)


def running_version(spec: DeviceSpec, metadata: Metadata, image_type: int) -> int:
    """The version of this type of file that runs, as the firmware tells it; 0 if none does."""
    for file in metadata.running:
        if file.identity.image_type == image_type:
            version, bits = file.identity.file_version, spec.options.version_bits
            return version | bits if bits and file.identity != spec.factory else version
    return 0


def query_request(
    spec: DeviceSpec, metadata: Metadata
) -> QueryNextImageRequest | QueryDeviceSpecificFileRequest:
    """Ask for the file wanted next; special types are asked for as made for this very device."""
    need = wanted(spec, metadata)
    maker, kind, version = spec.manufacturer_code, need.image_type, need.version
    if kind >= FIRST_DEVICE_SPECIFIC_TYPE:
        return QueryDeviceSpecificFileRequest(spec.eui64, maker, kind, version, spec.stack_version)
    hardware = spec.hardware_version
    control = 0 if hardware is None else QUERY_HARDWARE_VERSION
    return _new(QueryNextImageRequest, (control, maker, kind, version, hardware))


def heeds_notify(
    notify: ImageNotify, spec: DeviceSpec, version: int, *, unicast: bool, draw: Callable[[], int]
) -> bool:
    """Whether an Image Notify makes the client query (ZCL 11.13.3).

    A unicast always does. A broadcast must be valid and meant for this device, and then only the
    share of devices named by the jitter answers; ``draw`` gives 1 to 100.
    """
    if unicast:
        return True
    if not 1 <= notify.query_jitter <= 100:
        return False
    if notify.manufacturer_code not in (None, ANY_MANUFACTURER, spec.manufacturer_code):
        return False
    if notify.image_type not in (None, ANY_IMAGE_TYPE, spec.image_type):
        return False
    if notify.new_file_version == version:
        return False
    return draw() <= notify.query_jitter


def judge_offer(
    response: QueryNextImageResponse | QueryDeviceSpecificFileResponse,
    spec: DeviceSpec,
    metadata: Metadata,
    *,
    room: int,
    on_mains: bool,
) -> tuple[ClientEvent, Offer | None]:
    """What a query's answer means, and the file it offers if it offers one.

    ``room`` is what flash has left for the file wanted, in octets.
    """
    offer = _offer_in(response)
    holding = metadata.spare is Spare.VERIFIED
    if offer is None:
        return (ClientEvent.NOTHING_NEWER if holding else ClientEvent.NOTHING_OFFERED), None
    if holding and metadata.held[-1].identity == offer.identity:
        return ClientEvent.NOTHING_NEWER, None
    refused = _refusal(offer, spec, wanted(spec, metadata), room)
    if refused is not None:
        return refused, offer
    return (ClientEvent.OFFERED if on_mains else ClientEvent.OFFERED_ON_BATTERY), offer


def _refusal(offer: Offer, spec: DeviceSpec, need: WantedFile, room: int) -> ClientEvent | None:
    """Why the client does not want what it is offered; None if it does."""
    manufacturer_code, image_type, version = offer.identity
    if (manufacturer_code, image_type) != (spec.manufacturer_code, need.image_type):
        return ClientEvent.OFFERED_OTHER
    if offer.size == 0 or (version == need.version and spec.timers.ignores_own_version):
        return ClientEvent.OFFERED_OTHER
    if version < need.version and spec.options.refuses_downgrade:
        return ClientEvent.OFFERED_DOWNGRADE
    return ClientEvent.OFFERED_TOO_BIG if offer.size > room else None


def _offer_in(
    response: QueryNextImageResponse | QueryDeviceSpecificFileResponse,
) -> Offer | None:
    status, manufacturer_code, image_type, version, size = response
    if status != Status.SUCCESS:
        return None
    if manufacturer_code is None or image_type is None or version is None or size is None:
        return None
    return Offer(FileIdentity(manufacturer_code, image_type, version), size)


def concerns(response: UpgradeEndResponse, held: FileIdentity) -> bool:
    """Whether an Upgrade End Response is about the file held; wildcards match any."""
    return (
        response.manufacturer_code in (ANY_MANUFACTURER, held.manufacturer_code)
        and response.image_type in (ANY_IMAGE_TYPE, held.image_type)
        and response.file_version in (ANY_VERSION, held.file_version)
    )


def judge_end(response: UpgradeEndResponse, activation_policy: int) -> ClientEvent:
    """What the server's time means under the client's UpgradeActivationPolicy."""
    if activation_policy:
        return ClientEvent.END_EXTERNAL
    return ClientEvent.END_WAIT if response.upgrade_time == WAIT_FOREVER else ClientEvent.END_AT


def wait_seconds(current: int, then: int, own_clock: float | None) -> float | None:
    """How long until ``then`` (ZCL 11.11.4); None when that makes no sense.

    A current time of 0 makes ``then`` relative. Otherwise both are UTC and the difference counts;
    a client that trusts its own clock compares with that instead (``own_clock``, seconds).
    """
    if current == 0:
        return float(then)
    reference = current if own_clock is None else own_clock
    return then - reference if then >= reference else None
