"""What a person can ask of a push; pure values, each naming who asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from images.eui64 import Eui64
from ota_engine.hub.kernel.devices import Client
from ota_engine.hub.push.course import ACTOR, AwaitedProof
from ota_engine.records import (
    Activation,
    ImageRecord,
    ImageTerms,
    Override,
    PushWish,
    VersionPolicy,
)
from ota_engine.times import Utc


@dataclass(frozen=True, slots=True)
class BeginPush:
    """Bring images to the devices they fit; what an earlier push left open is withdrawn.

    Attributes:
        images: the files, each once.
        devices: who is to be updated.
        everyone: nobody was named: a device that none of the images is for is passed over.
        policy: which version steps are allowed.
        activation: when devices may run what they hold.
        activation_utc: for ``Activation.AT``.
        terms: what a catalogue says of the images; of an image without, what is stored holds.
        overrides: terms that do not count in this push.
        wishes: for devices that are not to be updated as all others are.
        in_order: the firmwares of one device are updated in the order of ``images``.
        clients: where the OTA clients are, as far as the radio knows.
        proofs: what alert is awaited of a device, by those of whom one is.
        dry: assign nothing and withdraw nothing; say what would be assigned.
        actor: who asks.
    """

    images: tuple[ImageRecord, ...]
    devices: tuple[Eui64, ...]
    everyone: bool
    policy: VersionPolicy
    activation: Activation
    activation_utc: Utc | None = None
    terms: tuple[ImageTerms, ...] = ()
    overrides: tuple[Override, ...] = ()
    wishes: tuple[PushWish, ...] = ()
    in_order: bool = False
    clients: Mapping[Eui64, Client] = field(default_factory=dict)
    proofs: Mapping[Eui64, AwaitedProof] = field(default_factory=dict)
    dry: bool = False
    actor: str = ACTOR


@dataclass(frozen=True, slots=True)
class ResumePush:
    """Go on with the push that was interrupted.

    Attributes:
        clients: as in ``BeginPush``.
        proofs: as in ``BeginPush``.
        if_any: where there is none to go on with, do nothing instead of refusing.
        actor: who asks.
    """

    clients: Mapping[Eui64, Client] = field(default_factory=dict)
    proofs: Mapping[Eui64, AwaitedProof] = field(default_factory=dict)
    if_any: bool = False
    actor: str = ACTOR


@dataclass(frozen=True, slots=True)
class StopPush:
    """End the push under way: what it has not delivered is withdrawn."""

    actor: str = ACTOR


PushCommand: TypeAlias = BeginPush | ResumePush | StopPush
