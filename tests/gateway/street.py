"""A fleet whose homes have real engines and emulated devices behind the port."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.devices.kinds import DeviceKind
from emulators.estate.hub import HubSpec
from emulators.estate.paperwork import paperwork, stated_paths
from emulators.estate.real_home import RealHome, RealHomeSpec
from images import ImageSpec, build
from images.ecdsa import P256_ORDER
from images.eui64 import Eui64
from ota_engine.canonical import canonical_json
from ota_engine.catalogue.intake import image_record
from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.fleet.releases.rows import ReleaseType
from ota_engine.gateway.homes import HomesGateway
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.pki import PkiDevice, make_pki
from ota_engine.head_end.exchange import exchange
from ota_engine.hub.activation.security import Security
from ota_engine.records import ImageRecord
from ota_engine.times import Utc
from tests.fleet.estate import BEGIN, DAY, OLD_VERSION, VERSION
from tests.fleet.rollout import RollOutTown, policy
from tests.gateway.homes import HUB, device
from tests.gbcs.parties import BROKER, NOW, SUPPLIER

GATEWAY: Final = "gw"
STEP_S: Final = 600.0  # between two exchanges of fleet and gateway
VARIANTS: Final[Mapping[str, DeviceKind]] = {
    "hub-1": kinds.COMMUNICATIONS_HUB,
    "ppmid-1": kinds.PPMID,
    "hcalcs-1": kinds.HCALCS,
}


class Street(RollOutTown):
    """A few homes, each with a hub, a PPMID and an HCALCS.

    Attributes:
        lived: the homes by their pseudonyms; there from the first campaign on.
        images: by variant.
    """

    def __init__(self, homes: int) -> None:
        super().__init__(homes)
        self.put(
            Variant("ppmid-1", "PPMID", "Maker", "Display", "1"),
            Variant("hcalcs-1", "HCALCS", "Maker", "Switch", "1"),
        )
        self.names = [f"h{number}" for number in range(1, homes + 1)]
        for home in self.names:
            self.device(home, "PPMID", "ppmid-1")
            self.device(home, "HCALCS", "hcalcs-1")
        self._files = self._pki()
        self.keys = Keystore.read(self._files)
        self.images = {name: self._image(kind) for name, kind in VARIANTS.items()}
        self.lived: dict[str, RealHome] = {}
        self._gateway = HomesGateway(self.lived)

    def eui64(self, home: str, kind: str) -> Eui64:
        """The device of a kind in a home."""
        (found,) = self.devices_of(home, kind)
        return found.device

    def certificates(self) -> dict[str, bytes]:
        """Certificates of signing keys, by file name."""
        return {name: held for name, held in self._files.items() if name.endswith("-ds.pem")}

    def _pki(self) -> dict[str, bytes]:
        draw = Random(5)
        devices = [
            PkiDevice(f"{home}-{kind}", self.eui64(home, kind))
            for home in self.names
            for kind in ("CHF", "PPMID", "HCALCS")
        ]
        made = make_pki(
            NOW,
            lambda: ec.derive_private_key(draw.randrange(1, P256_ORDER), ec.SECP256R1()),
            devices=devices,
        )
        return {file.name: file.octets for file in made}

    def _image(self, kind: DeviceKind) -> ImageRecord:
        spec = ImageSpec(
            manufacturer_code=kinds.MANUFACTURER,
            image_type=kind.image_type,
            file_version=VERSION,
            layout="gb",
            sign_key=self._files[f"{SUPPLIER:016x}-ds.key"],
        )
        made = build(Random(kind.image_type).randbytes(6_000), spec)
        return image_record(made, kind.word, BEGIN)

    # --- what lives there ------------------------------------------------------------------------

    def settle_in(self, hub: HubSpec = HUB, habit: str = "") -> None:
        """Let the homes live from now on, with hubs like this one.

        Args:
            hub: how they are built.
            habit: of the PPMIDs when tenancy or supplier change; "" for ones without the cluster.
        """
        images = {image.sha256: image for image in self.images.values()}
        for number, home in enumerate(self.names):
            chf = self.eui64(home, "CHF")
            specs = (
                replace(device(kinds.PPMID, self.eui64(home, "PPMID")), premises=habit),
                device(kinds.HCALCS, self.eui64(home, "HCALCS")),
            )
            self.lived[home] = RealHome(
                RealHomeSpec(
                    home,
                    tuple((one, Placement()) for one in specs),
                    self.utc,
                    number,
                    self.keys,
                    Security(self.keys, chf, Eui64(SUPPLIER), Eui64(BROKER)),
                    hub=replace(hub, chf=chf),
                ),
                images.get,
            )

    async def live(self, seconds: float) -> None:
        """Let time pass for everybody."""
        until = self.utc + seconds
        while self.utc < until:
            self.pass_time(STEP_S)
            for home in self.lived.values():
                home.run(Utc(self.utc))
            await exchange(self.desk, self._gateway, GATEWAY, self.utc)
            self.deliver()

    def roll_out(self, campaign: str, variant: str) -> None:
        """Have a campaign for a variant that may begin today."""
        image, cpl = self.images[variant], f"CPL-{campaign}"
        self.put(
            *stated_paths(variant, {f"CPL-old-{campaign}": OLD_VERSION, cpl: VERSION}),
            *paperwork(campaign, VERSION, cpl, image.sha256, self.utc, ("set-a",)),
        )
        entered = EnterRelease(campaign, variant, VERSION, cpl, ReleaseType.PLANNED, image.sha256)
        self.decide("olive", entered)
        self.decide("peter", ApproveRelease(campaign))
        self.decide("olive", ProposeCampaign(campaign, campaign, canonical_json(policy())))
        self.decide("peter", ApproveCampaign(campaign))
        self.deliver()
        self.pass_time(7 * DAY)
