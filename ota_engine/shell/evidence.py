"""Writes the evidence folder of a push: what a person, a script and an auditor can look at later."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from images.eui64 import format_eui64
from images.files import write_whole
from images.provenance import Provenance
from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError
from ota_engine.evidence.push_page import push_page
from ota_engine.hub.push.report import PushReport
from ota_engine.records import EventRecord, OutcomeRecord
from ota_engine.shell.push import PushResult
from ota_engine.store.location import place_of
from ota_engine.store.store import Store
from ota_engine.telling.json_lines import outcome_line

SUMMARY_NAME = "summary.json"
JOURNAL_NAME = "journal.jsonl"
OUTCOMES_NAME = "outcomes.jsonl"
PAGE_NAME = "report.html"
CAPTURE_NAME = "capture.pcapng"
NAMES = (SUMMARY_NAME, JOURNAL_NAME, OUTCOMES_NAME, PAGE_NAME)


def prepare_folder(folder: Path) -> None:
    """Make the folder, and find out that it cannot be written before the push, not after.

    Raises:
        LocalError: there is a file of that name.
        OSError: it cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise LocalError(f"{folder}: is a file: name a folder for the evidence")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / SUMMARY_NAME, b"")


def write_evidence(
    folder: Path, state: Path, result: PushResult, report: PushReport, made: Provenance
) -> None:
    """Write all of it.

    Args:
        folder: an existing folder; files of an earlier push in it are replaced.
        state: the state folder of the push, no longer in use; a dry run left nothing in it.
        result: what became of it.
        report: the same, as told.
        made: with what and when.

    Raises:
        OSError: a file cannot be written.
        StoreError: the database cannot be read.
    """
    since = result.push.created_utc
    values = report.as_values() | {"made": made.as_values()}
    events: list[EventRecord] = []
    outcomes: list[OutcomeRecord] = []
    if not result.dry:
        with Store.inspect(place_of(state)) as store:
            events = [event for event in store.events() if event.utc >= since]
            outcomes = [outcome for outcome in store.outcomes() if outcome.utc >= since]
            values["audit_head"] = store.audit_head().hash
    begun = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    summary = json.dumps(values, indent=2) + "\n"
    write_whole(folder / SUMMARY_NAME, summary.encode())
    write_whole(folder / JOURNAL_NAME, "".join(map(_event_line, events)).encode())
    write_whole(folder / OUTCOMES_NAME, b"".join(map(outcome_line, outcomes)))
    shown = push_page(report, result.chronicle.progress, events, outcomes, begun, made.text)
    write_whole(folder / PAGE_NAME, shown.encode())


def _event_line(event: EventRecord) -> str:
    fields = asdict(event)
    fields["detail"] = json.loads(event.detail)
    fields["device"] = None if event.device is None else format_eui64(event.device)
    return canonical_json(fields) + "\n"
