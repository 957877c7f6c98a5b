"""Which addresses a hook may call: none by which it would reach what stands behind this server.

A name is looked up once for each call, all its addresses are judged, and the call goes to one of these, so
that a name that leads elsewhere a moment later leads nowhere.
"""

import ipaddress
import socket
from typing import Final, NamedTuple

import httpx
import trio

from ota_engine.errors import LocalError
from ota_engine.telling.http_poster import http_url

LONGEST: Final = 500  # characters of a URL
_PORTS: Final = {"http": 80, "https": 443}


class HookReach(NamedTuple):
    """How far hooks of this server reach, besides public addresses over TLS.

    Attributes:
        loopback: they may call this machine; for a server that nobody else reaches either.
        private: they may call addresses of private networks, over plain HTTP, too.
    """

    loopback: bool = False
    private: bool = False


class HookAddress(NamedTuple):
    """Where one call goes.

    Attributes:
        url: with the address in it.
        host: name that is called, for TLS and for the header Host.
    """

    url: httpx.URL
    host: str


def checked_url(text: str) -> httpx.URL:
    """Read the URL of a hook; where it leads is judged when it is called.

    Raises:
        LocalError: it is none, or carries a password.
    """
    url = http_url(text) if len(text) <= LONGEST and text.isprintable() else None
    if url is None or url.fragment:
        raise LocalError("url is none: give one like https://receiver.example/zota")
    if url.userinfo:
        raise LocalError("url carries a password, which would be told to others: leave it out")
    return url


async def address_of(url: httpx.URL, reach: HookReach) -> HookAddress:
    """Look up where a call goes.

    Raises:
        LocalError: hooks of this server may not go there.
        OSError: there is no such name.
    """
    port = url.port or _PORTS[url.scheme]
    found = await trio.socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    for address in addresses:
        _refuse(address, url.scheme, reach)
    named = url.netloc.decode("ascii")
    return HookAddress(url.copy_with(host=str(addresses[0])), named)


def _refuse(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, scheme: str, reach: HookReach
) -> None:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        if reach.loopback:
            return
        raise LocalError(f"{address} is this machine: hooks of this server do not call that")
    if address.is_global and not address.is_multicast:
        if scheme == "https":
            return
        raise LocalError(f"{address} is public: call it over https")
    usable = address.is_private and not (address.is_link_local or address.is_unspecified)
    if not (reach.private and usable):
        raise LocalError(
            f"{address} is an address of a private network: a server whose hooks may call those is"
            " started so (zota serve --private-hooks)"
        )
