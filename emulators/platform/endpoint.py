"""One endpoint of an emulated device as a sender: its addresses and its sequence numbers."""

from typing import Final

from emulators.node import Transmit
from emulators.platform.spec import DeviceSpec
from ota_engine.events import OTA_UPGRADE_CLUSTER
from ota_engine.zcl import general, ota
from ota_engine.zcl.frame import ZclHeader, cluster_frame, general_frame
from ota_engine.zcl.hot import (
    encode_page_request,
    encode_query_next_image_request,
    encode_upgrade_end_request,
)

_new: Final = tuple.__new__  # what Transmit's own constructor calls, without its argument parsing


class Endpoint:
    """Builds the frames of one device.

    Attributes:
        number: the device's own endpoint.
        server: the endpoint of the server it speaks to.
        profile: the profile of all its frames.
        sequence: the ZCL sequence number used last.
    """

    __slots__ = ("number", "profile", "sequence", "server")

    def __init__(self, spec: DeviceSpec) -> None:
        self.number = spec.endpoint
        self.server = spec.server_endpoint
        self.profile = spec.spoken_profile
        self.sequence = 0

    def next_sequence(self) -> int:
        """Give the next ZCL sequence number."""
        self.sequence = (self.sequence + 1) & 0xFF
        return self.sequence

    def command(self, command: ota.OtaCommand, *, quiet: bool = False) -> Transmit:
        """Send a command of cluster 0x0019 to the server.

        Args:
            command: what to send.
            quiet: ask for no Default Response.
        """
        sequence = self.next_sequence()
        if isinstance(command, ota.QueryNextImageRequest):
            frame = encode_query_next_image_request(sequence, command)  # polls are many
        elif isinstance(command, ota.UpgradeEndRequest):
            frame = encode_upgrade_end_request(sequence, command)
        elif isinstance(command, ota.ImagePageRequest):
            frame = encode_page_request(sequence, command, quiet=quiet)
        else:
            frame = cluster_frame(
                ota.command_of(command),
                sequence,
                ota.encode(command),
                from_server=False,
                disable_default_response=quiet,
            )
        return self._transmit(OTA_UPGRADE_CLUSTER, frame, self.server)

    def answer(
        self,
        header: ZclHeader,
        command: general.GeneralCommand,
        *,
        cluster: int = OTA_UPGRADE_CLUSTER,
        to: int | None = None,
    ) -> Transmit:
        """Answer a frame with a general command, under the frame's own sequence number.

        Args:
            header: the header of the frame answered.
            command: the answer.
            cluster: the cluster of both.
            to: the endpoint that asked; by default the server's.
        """
        frame = general_frame(
            general.command_of(command),
            header.sequence,
            general.encode(command),
            from_server=not header.from_server,
        )
        return self._transmit(cluster, frame, self.server if to is None else to)

    def default_response(self, header: ZclHeader, status: int) -> Transmit:
        """Answer a command of cluster 0x0019 with a status."""
        return self.answer(header, general.DefaultResponse(header.command, status))

    def report(
        self, cluster: int, values: tuple[general.AttributeRecord, ...], *, from_server: bool
    ) -> Transmit:
        """Report attributes unasked; ``from_server`` if the cluster's server side has them."""
        frame = general_frame(
            general.REPORT_ATTRIBUTES,
            self.next_sequence(),
            general.encode(general.ReportAttributes(values)),
            from_server=from_server,
        )
        return self._transmit(cluster, frame, self.server)

    def carry(self, cluster: int, frame: bytes) -> Transmit:
        """Send a whole ZCL frame to the server."""
        return self._transmit(cluster, frame, self.server)

    def _transmit(self, cluster: int, frame: bytes, to: int) -> Transmit:
        return _new(Transmit, (self.number, to, self.profile, cluster, frame, True))
