"""Every kind of row of the fleet, once; a store makes a table of each."""

from typing import Any, Final

from ota_engine.fleet.approvals.rows import (
    ApprovalEvidence,
    CustomerFeedback,
    ExitCriteria,
    ItemWaiver,
    SetReservation,
    UitWindow,
)
from ota_engine.fleet.calendar.rows import (
    Compatibility,
    Consent,
    ConsentRule,
    Deferral,
    HomeDiary,
    SequenceRule,
    Slot,
    TimeMark,
    UpgradeWindow,
)
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignPhase,
    DeviceToReplace,
    GateDecision,
    GatewayReport,
    Member,
    Sum,
)
from ota_engine.fleet.campaigns.voices import (
    Forecast,
    Meeting,
    Nomination,
    Position,
    SignOff,
    Waiver,
)
from ota_engine.fleet.campaigns.words import SignedWord
from ota_engine.fleet.incidents.rows import Incident
from ota_engine.fleet.inventory.rows import (
    ConfigurationSet,
    Home,
    InstalledDevice,
    Particulars,
    RingFence,
    Variant,
)
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.notices.rows import Notice, PartyClock, StatusSchedule
from ota_engine.fleet.parties.rows import (
    Party,
    PartyId,
    Person,
    Responsibility,
    Tenancy,
)
from ota_engine.fleet.port import Instruction
from ota_engine.fleet.releases.rows import (
    CataloguedImage,
    ContentItem,
    CplEntry,
    FirmwareRelease,
    HopAgreement,
    KnownDefect,
    ManufacturedVersion,
    PathChange,
    PathOverride,
    PlannedDate,
    UpgradePath,
)

KINDS: Final[tuple[type[Any], ...]] = (
    Party,
    Person,
    Variant,
    Home,
    InstalledDevice,
    FirmwareRelease,
    Campaign,
    CampaignPhase,
    Member,
    Sum,
    GateDecision,
    Instruction,
    Notice,
    DecisionRow,
    PartyId,
    Responsibility,
    Tenancy,
    ConfigurationSet,
    RingFence,
    Particulars,
    PartyClock,
    StatusSchedule,
    HomeDiary,
    UpgradeWindow,
    Slot,
    SequenceRule,
    Compatibility,
    ConsentRule,
    Consent,
    Deferral,
    TimeMark,
    CataloguedImage,
    ContentItem,
    CplEntry,
    HopAgreement,
    KnownDefect,
    ManufacturedVersion,
    PathChange,
    PathOverride,
    PlannedDate,
    UpgradePath,
    ApprovalEvidence,
    CustomerFeedback,
    ExitCriteria,
    ItemWaiver,
    SetReservation,
    UitWindow,
    GatewayReport,
    DeviceToReplace,
    Incident,
    Position,
    SignOff,
    Meeting,
    Nomination,
    Waiver,
    Forecast,
    SignedWord,
)
