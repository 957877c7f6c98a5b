"""A command for every act of the fleet: its name, its words, its options made of its fields.

An act that is not in ``WORDS`` has a command, too: in the group of its room, called as the act is. Acts
whose fields no option can hold are commands of their own in the modules of the groups.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import typer

from ota_engine.cli.app import GroupedHelp
from ota_engine.cli.fleet_desk import (
    As,
    Deciding,
    DecisionKey,
    FleetPlace,
    Json,
    Key,
    Reason,
    Revision,
    StateOrUrl,
    TokenFile,
    Url,
    take,
)
from ota_engine.cli.fleet_fields import ActField, act_fields
from ota_engine.fleet.fleet import Fleet


class ActWords(NamedTuple):
    """How an act is called at the command line.

    Attributes:
        words: the group, and the words after it.
        help: one line.
    """

    words: str
    help: str


#: Groups of acts that are not in ``WORDS``, by their room.
GROUPS: Final[Mapping[str, str]] = {
    "parties": "estate",
    "inventory": "estate",
    "releases": "release",
    "approvals": "release",
    "campaigns": "campaign",
    "calendar": "campaign",
    "incidents": "incident",
    "notices": "notices",
    "orders": "duis",
    "gateways": "gateway",
}

#: Acts that have commands of their own, by their names, with the words of those.
BY_HAND: Final[Mapping[str, str]] = {
    "FoundEstate": "estate init",
    "EditPaths": "release path",
    "EnterRepository": "release repository import",
    "StopAll": "campaign stop",
    "AdmitGateway": "gateway admit",
}

WORDS: Final[Mapping[str, ActWords]] = {
    "RegisterParty": ActWords("estate party add", "Register a party."),
    "ChangeParty": ActWords("estate party change", "Change a party; give all of it."),
    "RegisterPerson": ActWords("estate person add", "Register a person; a second one confirms."),
    "ConfirmPerson": ActWords(
        "estate person confirm", "Confirm a person somebody else registered."
    ),
    "ReplaceKey": ActWords("estate person key", "Sign with another key from now on."),
    "RemovePerson": ActWords("estate person remove", "Let a person decide no longer."),
    "FenceHomes": ActWords("estate fence", "Set homes apart for production proving."),
    "ReleaseHomes": ActWords("estate unfence", "Set homes apart no longer."),
    "EraseParticulars": ActWords("estate erase", "Forget what names homes; pseudonyms stay."),
    "EnterRelease": ActWords("release enter", "Enter a release."),
    "AddContent": ActWords("release item", "Add what is in a release, and who agreed to it."),
    "WithdrawRelease": ActWords("release withdraw", "Deliver a release no longer."),
    "RetireRelease": ActWords(
        "release retire", "End a release, with its successor; users are told."
    ),
    "RecordDefect": ActWords("release defect", "Record what is wrong in a release."),
    "ResolveDefect": ActWords("release mended", "Record which release is without a defect."),
    "PlanDate": ActWords("release plan", "Plan, or move, a date of the roadmap."),
    "MakeWith": ActWords("release make-with", "Make new devices with a release from a time on."),
    "OverridePath": ActWords("release override-path", "Take a release although no path says so."),
    "AgreeHops": ActWords("release agree-hops", "Record an agreed path of more than one hop."),
    "RecordEvidence": ActWords(
        "release evidence", "Record that a step was taken, with a document."
    ),
    "SetExitCriteria": ActWords("release criteria", "Set what SIT has to reach."),
    "OpenUit": ActWords("release uit", "Open, or move, the window in which customers test."),
    "GiveFeedback": ActWords("release feedback", "Say what a customer found."),
    "ReserveSet": ActWords("release reserve", "Reserve a configuration set to test on."),
    "WaiveItem": ActWords("release waive", "Leave a step out; two persons decide it."),
    "ApproveRelease": ActWords(
        "release approve", "Approve a release, for delivery or manufacture."
    ),
    "ProposeCampaign": ActWords("campaign propose", "Propose a campaign, with its policy."),
    "AmendCampaign": ActWords("campaign amend", "Write the policy anew, before approval."),
    "RejectCampaign": ActWords("campaign reject", "Disagree with a campaign."),
    "OverrideRule": ActWords("campaign override", "Set a rule aside for a campaign."),
    "ApproveCampaign": ActWords("campaign approve", "Agree: homes are drawn, parties are told."),
    "PauseCampaign": ActWords("campaign pause", "Begin nothing new, take back what has not run."),
    "ResumeCampaign": ActWords("campaign resume", "Go on after a pause or a hold."),
    "AbortCampaign": ActWords("campaign abort", "End a campaign for good."),
    "KeepHome": ActWords("campaign keep", "Put one home off until a time."),
    "ScheduleStatus": ActWords(
        "campaign report", "Tell its parties how it goes, every so many days."
    ),
    "NominateHomes": ActWords("campaign nominate", "Propose homes for a co-operative phase."),
    "DecideNominations": ActWords("campaign nominated", "Accept or reject nominated homes."),
    "StatePosition": ActWords("campaign position", "State how a party stands to a phase."),
    "SignPhase": ActWords("campaign sign-off", "Agree that a phase has gone well."),
    "RecordMeeting": ActWords("campaign meeting", "Record an assessment meeting."),
    "ProposeWaiver": ActWords("campaign emergency", "Say why a campaign cannot wait for notice."),
    "ApproveWaiver": ActWords("campaign emergency-approve", "Agree to that: it may begin at once."),
    "RaiseIncident": ActWords("incident raise", "Raise an incident against a phase."),
    "TakeIncident": ActWords("incident own", "Have a person look into an incident."),
    "RateIncident": ActWords("incident rate", "Change the category of an incident."),
    "ResolveIncident": ActWords("incident resolve", "Decide what becomes of the roll-out."),
    "ReopenIncident": ActWords("incident reopen", "Say that it was not resolved after all."),
    "BookCalendar": ActWords("campaign book", "Keep homes free: something else goes on there."),
    "ClearCalendar": ActWords("campaign unbook", "It does not go on in those homes after all."),
    "SetWindow": ActWords("campaign window", "Set when a step may be done."),
    "ChooseSlots": ActWords("campaign choose", "Choose times in a supplier's homes."),
    "DropSlots": ActWords("campaign unchoose", "Take chosen times back: the default counts."),
    "SetSequence": ActWords("campaign sequence", "Have one firmware follow another in every home."),
    "DropSequence": ActWords("campaign unsequence", "Drop such an order."),
    "SetCompatibility": ActWords(
        "campaign compatibility", "Say whether two firmwares go together."
    ),
    "DropCompatibility": ActWords("campaign uncompatibility", "Drop a cell of that matrix."),
    "RequireConsent": ActWords("campaign require-consent", "Require consent for a variant."),
    "GiveConsent": ActWords("campaign consent", "Agree to a campaign in a supplier's homes."),
    "WithdrawConsent": ActWords("campaign unconsent", "Agree no longer."),
    "AnswerDeferral": ActWords("campaign deferral", "Say what becomes of homes put off too long."),
    "ConfirmTime": ActWords("campaign confirm-time", "Confirm that the machine's time is right."),
    "RegisterServiceUser": ActWords("duis user register", "Register a Service User."),
    "ChangeServiceUser": ActWords("duis user change", "Change a Service User; give all of it."),
    "SetOrderRules": ActWords("duis rules set", "Set what may be ordered, and codes; give all."),
    "RequeueDocuments": ActWords(
        "duis outbox retry", "Bring documents that were given up once more, as they are."
    ),
    "RevokeGateway": ActWords("gateway revoke", "Take a gateway's right to any work."),
    "RequeueNotices": ActWords("notices requeue", "Bring notices that were given up once more."),
}


def words_of(act: type[Any]) -> ActWords:
    """Say how an act is called."""
    known = WORDS.get(act.__name__)
    if known is not None:
        return known
    room = act.__module__.split(".")[2]
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", act.__name__).lower()
    told = (act.__doc__ or "").split("\n")[0]
    return ActWords(f"{GROUPS[room]} {name}", told)


def add_acts(
    app: typer.Typer,
    group: str,
    subgroups: Mapping[str, str],
    begun: Mapping[str, typer.Typer] | None = None,
) -> None:
    """Add a command for every act of a group.

    Args:
        app: of the group.
        group: its name.
        subgroups: what help says of words that have words after them, by these words.
        begun: those of these words that have commands which are no acts, too.
    """
    below: dict[str, typer.Typer] = {}
    for act in Fleet().acts:
        if act.__name__ in BY_HAND:
            continue
        words, text = words_of(act)
        first, *others = words.split()
        if first != group:
            continue
        place = app
        if len(others) > 1:
            (outer, inner) = others
            if outer not in below:
                plain = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
                below[outer] = (begun or {}).get(outer, plain)
                told = subgroups[outer]
                app.add_typer(below[outer], cls=GroupedHelp, name=outer, help=told)
            place, others = below[outer], [inner]
        place.command(others[0], help=text)(_command(act))


def _command(act: type[Any]) -> Callable[..., None]:
    written = act_fields(act)

    def run(**given: Any) -> None:
        state, url, token, *others = (given.pop(name) for name in _COMMON)
        how = Deciding(FleetPlace(state, url, token), *others)
        take(act(**_read(written, given)), how)

    parameters = [field.parameter for field in written] + list(_COMMON.values())
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # typer reads it
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__name__ = act.__name__
    return run


def _read(written: list[ActField], given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        field.name: None if given[field.name] is None else field.read(given[field.name])
        for field in written
    }


def _option(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> tuple[str, Any]:
    kind = inspect.Parameter.KEYWORD_ONLY
    return f"the_{name}", inspect.Parameter(
        f"the_{name}", kind, default=default, annotation=annotation
    )


#: Options of every decision, in the order of the fields of ``FleetPlace`` and of ``Deciding``.
_COMMON: Final = dict(
    [
        _option("state", StateOrUrl, None),
        _option("url", Url, ""),
        _option("token_file", TokenFile, None),
        _option("person", As),
        _option("key", Key, None),
        _option("reason", Reason, ""),
        _option("revision", Revision, None),
        _option("decision_key", DecisionKey, ""),
        _option("as_json", Json, False),
    ]
)
