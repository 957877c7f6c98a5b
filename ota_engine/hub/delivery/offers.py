"""Answers queries: who is offered which image, and who is refused and why."""

from ota_engine.events import Packet
from ota_engine.hub.delivery.blocks import BlockServer
from ota_engine.hub.delivery.contacts import Contacts
from ota_engine.hub.delivery.download import ENDED, Session
from ota_engine.hub.delivery.peer import Peer
from ota_engine.hub.delivery.policy import OfferDecision
from ota_engine.hub.delivery.reports import Reports
from ota_engine.hub.delivery.session import HOLDING, IDLE, SessionStep
from ota_engine.hub.delivery.transfers import WAITING_FOR_MAINS, Transfers
from ota_engine.hub.kernel.devices import Client
from ota_engine.hub.kernel.happenings import QueryHeard, TransferEnd
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.records import FirmwareSource, SessionState
from ota_engine.times import Monotonic
from ota_engine.zcl.commands import (
    Command,
    QueryDeviceSpecificFileRequest,
    QueryDeviceSpecificFileResponse,
    QueryNextImageRequest,
    QueryNextImageResponse,
)
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.hot import decode_query_next_image_request, encode_query_next_image_response
from ota_engine.zcl.ota import decode, encode
from ota_engine.zcl.status import Status

OFFERED = "offered; waits for the device to ask for a block"
NOBODY = QueryNextImageResponse(Status.NO_IMAGE_AVAILABLE)


class Offers:
    """The query path of the server."""

    def __init__(
        self,
        kernel: Kernel,
        transfers: Transfers,
        blocks: BlockServer,
        reports: Reports,
        contacts: Contacts,
    ) -> None:
        self._kernel = kernel
        self._transfers = transfers
        self._blocks = blocks
        self._reports = reports
        self._contacts = contacts

    def query(self, packet: Packet, peer: Peer, now: Monotonic) -> None:
        """Take a Query Next Image Request, and have it answered.

        Raises:
            PeerError: the request is malformed.
        """
        request = decode_query_next_image_request(packet.payload)
        self._learn(packet, peer, request, now)
        if self._kernel.happenings:  # the word was news: what follows from it comes first
            self._reports.proven(peer, request, now)
            self._kernel.happen(QueryHeard(packet, request))
        else:
            self.answer(packet, request, peer, now)

    def answer(
        self, packet: Packet, request: QueryNextImageRequest, peer: Peer, now: Monotonic
    ) -> None:
        """Answer a query whose word has been heard."""
        response = self._respond(
            peer,
            request.manufacturer_code,
            request.image_type,
            request.current_file_version,
            request.hardware_version,
            now,
        )
        if response.status == Status.SUCCESS:
            session = peer.session_for((request.manufacturer_code, request.image_type))
            assert session is not None  # noqa: S101 - what is offered is its image
            offer = Command.QUERY_NEXT_IMAGE_RESPONSE
            peer.note_said(session, offer, packet.source_endpoint, packet.payload[1])
        frame = encode_query_next_image_response(packet.payload[1], response)
        self._transfers.reply(packet, peer, frame)
        if not (self._reports.ask_more(peer, now) or self._contacts.ask_if_new(peer, now)):
            self._contacts.ask_names(peer)

    def query_device_specific(self, packet: Packet, peer: Peer, now: Monotonic) -> None:
        """Answer a Query Device Specific File Request; the file must be for the asking node.

        Raises:
            PeerError: the request is malformed.
        """
        request = decode(Command.QUERY_DEVICE_SPECIFIC_FILE_REQUEST, packet.payload[3:])
        assert isinstance(request, QueryDeviceSpecificFileRequest)  # noqa: S101 - by command
        response = NOBODY
        target = (request.manufacturer_code, request.image_type)
        known = peer.device.firmwares.get(target)
        if request.request_node_address == peer.eui64:
            response = self._respond(
                peer,
                request.manufacturer_code,
                request.image_type,
                request.file_version,
                None if known is None else known.hardware_version,
                now,
            )
        else:
            self._kernel.output.count("query_for_another_device")
        payload = encode(QueryDeviceSpecificFileResponse(*response))
        frame = cluster_frame(
            Command.QUERY_DEVICE_SPECIFIC_FILE_RESPONSE,
            packet.payload[1],
            payload,
            from_server=True,
        )
        self._transfers.reply(packet, peer, frame)

    def _learn(
        self, packet: Packet, peer: Peer, request: QueryNextImageRequest, now: Monotonic
    ) -> None:
        """Remember what a device says of the firmware its query is for."""
        device, target = peer.device, (request.manufacturer_code, request.image_type)
        self._kernel.devices.told(
            device,
            target,
            Client(packet.source_endpoint, packet.profile),
            request.current_file_version,
            request.hardware_version,
            FirmwareSource.QUERY,
            now,
            wanted=target in device.firmwares or peer.session_for(target) is not None,
        )
        self._transfers.learn_endpoint(peer, packet, now)

    def _respond(
        self,
        peer: Peer,
        manufacturer_code: int,
        image_type: int,
        running: int,
        hardware: int | None,
        now: Monotonic,
    ) -> QueryNextImageResponse:
        allowed = self._transfers.config.authorised
        if allowed is not None and peer.eui64 not in allowed:
            self._kernel.output.count("query_not_authorised")
            return QueryNextImageResponse(Status.NOT_AUTHORIZED)
        session = self._session_of(peer, manufacturer_code, image_type)
        if session is None:
            self._kernel.output.count("query_without_assignment")
            return NOBODY
        before = session.state
        self._reports.queried(peer, session, running, now)
        if before in HOLDING and session.state is SessionState.FAILED:
            return NOBODY  # it has just fallen back: the next attempt is for another query
        if self._offered(peer, session, running, hardware, now):
            return QueryNextImageResponse(Status.SUCCESS, *session.image.key, session.served.size)
        return NOBODY

    def _offered(
        self, peer: Peer, session: Session, running: int, hardware: int | None, now: Monotonic
    ) -> bool:
        """Decide on a query of a device that has an image of the type it asks for."""
        if session.state is SessionState.RESTARTING:
            return False  # the query was sent before it was told to apply
        ran = self._kernel.images.reported(session.image)
        if session.state is SessionState.UPDATED and running in (ran, session.version_after):
            session.vouched_for(now)
            return False
        if self._reports.owes_word(peer, session, running, now):
            return False
        verdict = self._transfers.decide(peer, session, running, hardware)
        if verdict.offer:
            return self._offer(peer, session, running, now)
        self._refuse(peer, session, verdict, running, now)
        return False

    def _session_of(self, peer: Peer, code: int, kind: int) -> Session | None:
        session = peer.session_for((code, kind))
        if session is not None:
            return session
        for session in peer.sessions.values():
            untold = session.target not in peer.device.firmwares
            if untold and session.state is SessionState.ASSIGNED:
                self._transfers.explain(
                    peer,
                    session,
                    f"the device asks for image type 0x{kind:04X} of manufacturer 0x{code:04X}, "
                    f"the image is 0x{session.image.key[1]:04X} of 0x{session.image.key[0]:04X}",
                )
        return None

    def _offer(self, peer: Peer, session: Session, running: int, now: Monotonic) -> bool:
        """Offer the image, unless the session was aborted or has had all its attempts."""
        transfers = self._transfers
        if session.state is SessionState.ABORTED:
            return False
        if session.state is SessionState.UPDATED and session.attempt:
            self._reports.relapsed(peer, session, running, now)
        if session.state in ENDED and session.attempt >= transfers.config.max_attempts:
            self._kernel.output.count("query_after_last_attempt")
            return False
        other = transfers.in_the_way(peer, session)
        if other is not None and session.state not in HOLDING:
            self._put_off(peer, session, other)
            return False
        session.offered(running, self._kernel.clock.utc(now))
        transfers.turn_to(peer, session, now)
        reason = WAITING_FOR_MAINS if peer.device.on_battery else OFFERED
        session.asked_for(now)
        transfers.step(peer, session, SessionStep.OFFER, now, reason)
        transfers.notify_later(peer, now)
        self._blocks.watch(peer, session, now)
        return True

    def _put_off(self, peer: Peer, session: Session, other: Session) -> None:
        """Another firmware of the device goes first; it is notified when that is done with."""
        self._kernel.output.count("query_put_off")
        if session.state in IDLE:
            code, kind = other.target
            reason = f"waits for the device's image type 0x{kind:04X} of 0x{code:04X} to be done"
            session.put_off(reason)
            self._transfers.explain(peer, session, reason)

    def _refuse(
        self, peer: Peer, session: Session, verdict: OfferDecision, running: int, now: Monotonic
    ) -> None:
        transfers = self._transfers
        self._kernel.output.count("query_refused")
        if verdict.same:
            return  # ``reports`` has drawn the conclusion
        if verdict.untold:
            transfers.explain(peer, session, verdict.reason)
            return  # it is asked for what it has not told behind the answer
        session.refused(running)
        how = TransferEnd.WRONG_HARDWARE if verdict.unfit else TransferEnd.FAILED
        transfers.step(peer, session, SessionStep.REFUSE, now, verdict.reason, how)
