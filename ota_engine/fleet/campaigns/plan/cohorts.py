"""Who is in which phase: a keyed hash of the home, stratified by configuration set.

This is the reference; the store does the same as a set, and a test proves both equal.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ota_engine.fleet.campaigns.lives import OPEN_CAMPAIGNS
from ota_engine.fleet.campaigns.rows import (
    ENDED_STATES,
    Campaign,
    Member,
    MemberState,
)
from ota_engine.fleet.inventory.rows import Home, HomeStatus, InstalledDevice, InventoryStatus
from ota_engine.fleet.kernel.effects import Quota
from ota_engine.fleet.kernel.rows import Strata

TOP_NUMBER: Final = 2**63 - 1  # the largest number a home can have
_DIGEST: Final = 8  # octets; two homes of a million with one number are one in 36 million campaigns

#: A home that stands like this in a campaign that stands like that is in no other one's plan.
OPEN_STATES: Final = frozenset(OPEN_CAMPAIGNS)
BUSY_STATES: Final = frozenset(MemberState) - ENDED_STATES


def draw_number(key: bytes, home: str) -> int:
    """Give a home its number in a campaign: unforeseeable without the key, the same for ever with.

    Returns:
        a number of 63 bits, which any database can sort by.
    """
    digest = hashlib.blake2b(home.encode(), key=key, digest_size=_DIGEST).digest()
    return int.from_bytes(digest, "big") >> 1


def quotas(sizes: Sequence[int | None], strata: Mapping[str, int]) -> tuple[Quota, ...]:
    """Share the homes of every phase among the strata, by the largest remainder.

    Args:
        sizes: homes of each phase; None for all that are left.
        strata: homes by configuration set.

    Returns:
        for each stratum and phase, how many of its homes belong to the phases up to that one.
    """
    left = dict(sorted(strata.items()))
    up_to = dict.fromkeys(left, 0)
    found = []
    for phase, size in enumerate(sizes, 1):
        total = sum(left.values())
        shares = _shares(left, total if size is None else min(size, total))
        for stratum, share in shares.items():
            left[stratum] -= share
            up_to[stratum] += share
            found.append(Quota(stratum, phase, up_to[stratum]))
    return tuple(found)


def _shares(strata: Mapping[str, int], size: int) -> dict[str, int]:
    total = sum(strata.values())
    if not total:
        return dict.fromkeys(strata, 0)
    shares = {name: homes * size // total for name, homes in strata.items()}
    by_remainder = sorted(strata, key=lambda name: (-(strata[name] * size % total), name))
    for name in by_remainder[: size - sum(shares.values())]:
        shares[name] += 1
    return shares


def draw(
    key: bytes, targets: Iterable[tuple[str, str]], shares: Iterable[Quota]
) -> list[tuple[str, int, int]]:
    """Draw homes.

    Args:
        key: of the hash.
        targets: home and stratum of each.
        shares: as ``quotas`` gives them.

    Returns:
        home, phase and rank of each home that is in a phase, sorted by home.
    """
    by_stratum: dict[str, list[tuple[int, str]]] = {}
    for home, stratum in targets:
        by_stratum.setdefault(stratum, []).append((draw_number(key, home), home))
    drawn = []
    for stratum, homes in by_stratum.items():
        limits = [share for share in shares if share.stratum == stratum]
        for place, (number, home) in enumerate(sorted(homes), 1):
            phase = next((share.phase for share in limits if place <= share.up_to), None)
            if phase is not None:
                drawn.append((home, phase, number))
    return sorted(drawn)


def targets(
    asked: Strata,
    homes: Mapping[str, Home],
    devices: Iterable[InstalledDevice],
    campaigns: Mapping[str, Campaign],
    members: Iterable[Member],
) -> dict[str, InstalledDevice]:
    """Say which homes a plan is for, each with its device; of two such devices the first counts."""
    busy = {
        (member.home, member.device)
        for member in members
        if campaigns[member.campaign].state in OPEN_STATES and member.state in BUSY_STATES
    }
    found: dict[str, InstalledDevice] = {}
    for device in sorted(devices, key=lambda each: each.device):
        if (device.home, device.device) not in busy and _is_target(
            asked, homes.get(device.home), device
        ):
            found.setdefault(device.home, device)
    return found


def _is_target(asked: Strata, home: Home | None, device: InstalledDevice) -> bool:
    return (
        home is not None
        and (device.variant, device.status) == (asked.variant, InventoryStatus.COMMISSIONED)
        and device.version != asked.but_version
        and (home.status, home.ring_fence) == (HomeStatus.COMPLETE, asked.ring_fence)
        and (not asked.regions or home.region in asked.regions)
        and asked.supplier in ("", *home.suppliers)
    )
