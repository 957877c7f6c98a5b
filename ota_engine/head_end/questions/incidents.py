"""What can be asked of incidents: which there are, and what was decided about one."""

from dataclasses import dataclass
from typing import Final

from ota_engine.fleet.incidents.rows import Incident, IncidentState
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.kernel.rows import Select
from ota_engine.head_end.questions.asking import NotThereError, QuestionRow, Questions, View
from ota_engine.head_end.questions.decided import DecisionShown, decisions_shown
from ota_engine.head_end.questions.scope import campaigns_seen


@dataclass(frozen=True, slots=True)
class AskIncidents:
    """Which incidents were raised, those that are open first; of one campaign, or of all."""

    campaign: str = ""


@dataclass(frozen=True, slots=True)
class IncidentList:
    """Incidents of campaigns that the viewer sees."""

    items: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class AskIncident:
    """How an incident stands, and what was decided about it."""

    incident: str


@dataclass(frozen=True, slots=True)
class IncidentReport:
    """One incident, with decisions about it, the oldest first."""

    incident: Incident
    decisions: tuple[DecisionShown, ...]

    @property
    def revision(self) -> int:
        """Of the incident, for decisions about it."""
        return self.incident.revision


def _incidents(asked: AskIncidents, view: View) -> IncidentList:
    rows = _seen(view)
    found = [row for row in rows if asked.campaign in ("", row.campaign)]
    found.sort(key=lambda one: (one.state is IncidentState.RESOLVED, one.category, one.raised_utc))
    return IncidentList(tuple(found))


def _incident(asked: AskIncident, view: View) -> IncidentReport:
    found = [row for row in _seen(view) if row.incident == asked.incident]
    if not found:
        raise NotThereError(
            f"{asked.incident!a}: there is no such incident: zota incident list names them"
        )
    about = ("subject", f"incident:{asked.incident}")
    with view.desk.store.reading():
        decisions = decisions_shown(view, view.desk.store.walk(Select(DecisionRow, (about,))))
    return IncidentReport(found[0], decisions)


def _seen(view: View) -> list[Incident]:
    with view.desk.store.reading():
        campaigns = {one.campaign for one in campaigns_seen(view)}
        rows: list[Incident] = view.desk.store.select(Select(Incident))
    return [row for row in rows if row.campaign in campaigns]


QUESTIONS: Final[Questions] = {
    AskIncidents: QuestionRow("incidents", _incidents, IncidentList),
    AskIncident: QuestionRow("incidents/{incident}", _incident, IncidentReport),
}
