"""How fields of acts are asked for in a form: labels, hints, and which control they take; data alone."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from ota_engine.duis.variants import UserRole
from ota_engine.fleet.calendar.rows import EntryKind
from ota_engine.fleet.campaigns.acts import RULES
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.releases.rows import DefectHit


class Control(StrEnum):
    """What a field is given in."""

    LINE = "line"
    AREA = "area"  # of words, more than a line of them
    NUMBER = "number"
    TIME = "time"  # of the viewer's zone
    CHOICE = "choice"
    CHOICES = "choices"  # none or several of a few
    CHECK = "check"
    LIST = "list"  # one to a line, or a file
    SLOTS = "slots"  # homes with times, one to a line, or a CSV file
    POLICY = "policy"  # TOML, or a file
    DIGEST = "digest"  # SHA-256, or the file it is of
    DOCUMENT = "document"  # text of a file: a key, a repository


class FieldWords(NamedTuple):
    """How one field is asked for.

    Attributes:
        label: in a word or two.
        hint: what to write; empty where the label says it.
        control: where not that of its type.
    """

    label: str
    hint: str = ""
    control: Control | None = None


#: By names of fields; others are called by their names.
WORDS: Final[Mapping[str, FieldWords]] = {
    "accept": FieldWords("Accept them", "Left out, they are rejected: say why below."),
    "actions": FieldWords("Actions", "What is to be done, and by whom."),
    "active": FieldWords("Requests are served"),
    "agreed_by": FieldWords("Agreed by", "Ids of the parties."),
    "attendees": FieldWords("Attendees", "Who took part."),
    "campaign": FieldWords("Campaign", "Its id."),
    "category": FieldWords("Category", "1 is the worst, 5 the mildest."),
    "cell": FieldWords("Cell", "Id of the cell of the matrix."),
    "choose_by_utc": FieldWords("Suppliers choose until"),
    "closes_utc": FieldWords("Closes"),
    "code_sha256": FieldWords("SHA-256 of the code", "", Control.DIGEST),
    "codes": FieldWords("Other codes", "ROW=CODE."),
    "configuration": FieldWords("Configuration set", "Its id."),
    "configurations": FieldWords("Configuration sets", "Those that were tested on."),
    "contact": FieldWords("Contact", "Whom to turn to."),
    "cpl": FieldWords("CPL entry", "Id in the Central Products List."),
    "days": FieldWords("Days between reports"),
    "default_utc": FieldWords("Where nobody chose"),
    "defect": FieldWords("Defect", "Its id."),
    "earlier": FieldWords("Comes first", "Id of the variant."),
    "earlier_version": FieldWords("Its version", "0 for any."),
    "endpoint": FieldWords("Told at", "A URL; for notices file:NAME, too."),
    "entries": FieldWords("Repository", "The file of the repository (CSV).", Control.DOCUMENT),
    "entry": FieldWords("Entry", "An id for it."),
    "fits": FieldWords("They go together"),
    "fixed_in": FieldWords("Mended in", "Id of the release."),
    "from_cpl": FieldWords("From CPL entry", "Id of the version it is reached from."),
    "from_utc": FieldWords("From"),
    "gateway": FieldWords("Gateway", "Its name."),
    "held_utc": FieldWords("Held"),
    "hits": FieldWords("Hits", "What does not work because of it."),
    "home": FieldWords("Home", "Its pseudonym."),
    "homes": FieldWords("Homes", "Pseudonyms."),
    "ids": FieldWords("Ids", "ID=ROLE: how others know it."),
    "incident": FieldWords("Incident", "Its id; of a new one any, such as INC-7."),
    "item": FieldWords("Item"),
    "key": FieldWords("Public key", "PEM, P-256.", Control.DOCUMENT),
    "kind": FieldWords("Kind"),
    "later": FieldWords("Comes after", "Id of the variant."),
    "later_version": FieldWords("Its version", "0 for any."),
    "least": FieldWords("From version"),
    "least_gbcs": FieldWords("Least GBCS version", "KIND=N.N."),
    "listed_only": FieldWords("Only versions on the list of products"),
    "mark": FieldWords("Mark"),
    "meeting": FieldWords("Meeting", "An id for it, such as M-2027-03-01."),
    "milestone": FieldWords("Milestone"),
    "minutes": FieldWords("Minutes", "What was said and found.", Control.AREA),
    "most": FieldWords("To version"),
    "most_octets": FieldWords("Largest image", "KIND=N, in octets."),
    "name": FieldWords("Name"),
    "notes": FieldWords("Release notes", "Their SHA-256, or the file.", Control.DIGEST),
    "open_issues": FieldWords("Open issues", "Of category 1 to 5, as 0,0,2,5,8.", Control.LINE),
    "opens_utc": FieldWords("Opens"),
    "other": FieldWords("Other variant", "Its id."),
    "other_least": FieldWords("From its version"),
    "other_most": FieldWords("To its version"),
    "owner": FieldWords("Owner", "Id of the person who looks into it."),
    "party": FieldWords("Party", "Its id."),
    "passed": FieldWords("Tests passed"),
    "passed_permille": FieldWords("Tests that must pass", "Of 1000."),
    "person": FieldWords("Person", "Her id."),
    "phase": FieldWords("Phase", "Its number, from 1."),
    "phases": FieldWords("Phases left out", "Names of co-operative phases."),
    "planned_utc": FieldWords("Planned for"),
    "policy": FieldWords("Policy", "TOML, as docs/fleet.md says.", Control.POLICY),
    "position": FieldWords("Position"),
    "purpose": FieldWords("Purpose", "What for; of a new set."),
    "regions": FieldWords("Regions", "Whose homes it may look at, too."),
    "release": FieldWords("Release", "Its id."),
    "resolution": FieldWords("What is decided"),
    "ring_fence": FieldWords("Ring fence", "Id of the set of homes."),
    "role": FieldWords("Role", "IS, ES, GS, RSA, ED, GT or OU."),
    "roles": FieldWords("Roles"),
    "rule": FieldWords("Rule"),
    "run": FieldWords("Tests run"),
    "scenarios": FieldWords("Scenarios", "Business scenarios that were tested."),
    "scope": FieldWords("For"),
    "sha256": FieldWords("SHA-256", "64 hex digits, or the file itself.", Control.DIGEST),
    "shared_with": FieldWords("Shared with", "Ids of parties that may use it, too."),
    "slots": FieldWords("Times", "HOME=2027-03-28 02:30; or a CSV file: home,time."),
    "source": FieldWords("Source", "Who says so."),
    "stance": FieldWords("Position"),
    "step": FieldWords("Step"),
    "successor": FieldWords("Successor", "Id of the release that takes its place."),
    "text": FieldWords("What", "In one line, without addresses and meter point numbers."),
    "title": FieldWords("Title"),
    "type": FieldWords("Type"),
    "until_utc": FieldWords("Until"),
    "user": FieldWords("Service User", "Its EUI-64."),
    "variant": FieldWords("Variant", "Its id."),
    "version": FieldWords("Version", "0x for hexadecimal."),
}

#: Fields of texts that are a few: what may be chosen.
CHOICES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("RecordDefect", "hits"): tuple(DefectHit),
    ("OverrideRule", "rule"): RULES,
    ("RegisterServiceUser", "role"): tuple(UserRole),
    ("BookCalendar", "kind"): tuple(EntryKind),
    ("RegisterParty", "roles"): tuple(PartyRole),
    ("ChangeParty", "roles"): tuple(PartyRole),
}

#: Where the reason is of the essence, and what it is then called.
REASONS: Final[Mapping[str, str]] = {
    "StatePosition": "Comment",
    "GiveConsent": "Remark",
    "ApproveCampaign": "Remark",
}

#: Acts that the fleet refuses without a reason.
NEED_REASON: Final = frozenset(
    {
        "AbortCampaign",
        "AgreeHops",
        "ApproveWaiver",
        "EditPaths",
        "EnterRepository",
        "MakeWith",
        "OverridePath",
        "OverrideRule",
        "PlanDate",
        "ProposeWaiver",
        "RateIncident",
        "ReopenIncident",
        "ResolveIncident",
        "ResumeCampaign",
        "SetExitCriteria",
        "SignPhase",
        "StatePosition",
        "WaiveItem",
        "WithdrawRelease",
    }
)


def words_of(name: str) -> FieldWords:
    """Say how a field is asked for."""
    found = WORDS.get(name)
    return FieldWords(name.replace("_", " ").capitalize()) if found is None else found


#: Who else has to agree, by the names of acts.
SECONDS: Final[Mapping[str, str]] = {
    "ProposeCampaign": "Nothing happens before a second person approves it: an approver, or another"
    " person of your party where the roll-out is yours.",
    "AmendCampaign": "Whoever writes it counts as its author: a second person approves it.",
    "ApproveCampaign": "You are the second person: whoever wrote it may not approve it.",
    "EnterRelease": "A second person approves the release.",
    "ApproveRelease": "You are the second person: whoever entered it may not approve it.",
    "ProposeWaiver": "A second person, an approver, has to agree before anything begins.",
    "ApproveWaiver": "You are the second person: whoever proposed it may not approve it.",
    "WaiveItem": "Two persons leave a step out: the first asks, the second agrees.",
    "RegisterPerson": "A second person confirms her before she may decide anything.",
    "ConfirmPerson": "You are the second person: whoever registered her may not confirm her.",
    "OverrideRule": "You are the second person: whoever wrote the campaign may not set a rule aside.",
    "NominateHomes": "The operator accepts or rejects them.",
}
