"""Registers gateways, and knows one by its token; knows rows and digests, no HTTP."""

import secrets
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from ota_engine.fleet.gateways.moving import MemoryLost
from ota_engine.fleet.gateways.registering import RegistrationRefused, registered
from ota_engine.fleet.gateways.rows import GatewayContact, RegisteredGateway
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.effects import AuditNote
from ota_engine.fleet.kernel.rows import RowKey, Select
from ota_engine.gateway.wire import Registering, TokenChange
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.gateways.alerting import ACTOR
from ota_engine.head_end.gateways.intake import Speaker, check_speaker, met
from ota_engine.head_end.gateways.refusals import GatewayRefused
from ota_engine.times import Utc
from ota_engine.wording import one_line

TOKEN_OCTETS: Final = 32


def digest(secret: str) -> str:
    """What is kept of a secret that is drawn at random."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def register(
    desk: FleetDesk, said: Registering, protocol: int, address: str, utc: Utc, rate: float
) -> str:
    """Let a gateway register.

    Args:
        desk: of the fleet.
        said: who it says it is.
        protocol: that both speak.
        address: from where it comes.
        utc: now.
        rate: seconds of the calendar in a second.

    Returns:
        its token, which is kept nowhere.

    Raises:
        GatewayRefused: it may not.
        StoreError: the database failed; it has not registered.
    """
    token = secrets.token_urlsafe(TOKEN_OCTETS)
    store = desk.store
    with store.transaction():
        before = _get(desk, RegisteredGateway, said.gateway)
        try:
            row = registered(before, digest(said.code), said.instance, digest(token), utc)
        except RegistrationRefused as refused:
            raise GatewayRefused("code refused", str(refused)) from None
        contact = _get(desk, GatewayContact, said.gateway) or GatewayContact(said.gateway, utc)
        anew = before.instance != said.instance
        now = replace(
            met(contact, said.utc, address, utc, rate),
            software=said.software,
            protocol=protocol,
            heard=0 if anew else contact.heard,
        )
        store.insert([row, now])
        if anew and before.instance:
            homes = store.select(Select(Home, (("gateway", said.gateway),)))
            desk.handle_within([MemoryLost(home.home, said.gateway) for home in homes], utc)
        detail = {"instance": said.instance, "address": address, "again": not anew}
        store.keep((), [AuditNote(ACTOR, "registered", f"gateway:{said.gateway}", detail)], utc)
    return token


def known_by(desk: FleetDesk, token: str) -> RegisteredGateway:
    """Know a gateway by what it shows.

    Raises:
        GatewayRefused: it is known no more, or never was.
    """
    with desk.store.reading():
        rows = desk.store.select(Select(RegisteredGateway, (("token", digest(token)),)))
    row: RegisteredGateway | None = rows[0] if rows and token else None
    if row is None:
        raise GatewayRefused(
            "unknown token", "no gateway has this token: register, by a code of the operator"
        )
    if row.revoked:
        raise GatewayRefused(
            "revoked", f"this gateway is revoked: {one_line(row.revoked)}; ask its operator"
        )
    return row


def change_token(desk: FleetDesk, speaker: Speaker, said: TokenChange, utc: Utc) -> None:
    """Know a gateway by another token from now on.

    Raises:
        GatewayRefused: it may not say so.
        StoreError: the database failed; it is known by the one before.
    """
    with desk.store.transaction():
        _, trouble = check_speaker(desk, speaker, utc)
        if not trouble:
            row = _get(desk, RegisteredGateway, speaker.gateway)
            desk.store.insert(
                [
                    replace(
                        row,
                        token=said.token_sha256,
                        revision=row.revision + 1,
                        changed="it changed its token",
                    )
                ]
            )
            detail = {"address": speaker.address}
            note = AuditNote(ACTOR, "token changed", f"gateway:{speaker.gateway}", detail)
            desk.store.keep((), [note], utc)
    if trouble:
        raise GatewayRefused("another instance", trouble)


def _get(desk: FleetDesk, kind: type[Any], name: str) -> Any:
    ((_, row),) = desk.store.load([RowKey(kind, (name,))])
    return row
