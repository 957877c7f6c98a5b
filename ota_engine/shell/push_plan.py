"""Takes over what earlier versions kept of a push in ``push.json``: once, into the store."""

import json
from pathlib import Path
from typing import Any, Final

from images.eui64 import Eui64, parse_eui64
from ota_engine.errors import LocalError, StoreError
from ota_engine.records import Activation, PushRecord, PushState, VersionPolicy
from ota_engine.store.holds import is_there
from ota_engine.store.location import place_of
from ota_engine.store.store import Store
from ota_engine.times import Utc

PLAN_NAME: Final = "push.json"  # in the state folder
TAKEN_OVER: Final = "push.json.old"
FORMAT: Final = 1  # of the JSON text


def require_unfinished(state: Path) -> None:
    """Find out that there is nothing to go on with before any radio is opened.

    A database that cannot be looked at is left for its opening to complain of.

    Raises:
        LocalError: no push was begun here, or the last one has ended.
    """
    if (state / PLAN_NAME).exists():
        return
    place = place_of(state)
    last: PushRecord | None = None
    try:
        if is_there(place):
            with Store.inspect(place) as store:
                last = max(store.pushes(), key=lambda push: push.number, default=None)
    except StoreError:
        return
    if last is None:
        raise LocalError(f"{state}: no push was begun here: give files to push")
    if last.state is not PushState.RUNNING:
        raise LocalError(f"{state}: the last push has ended: give files for a new one")


def take_over_plan(state: Path, store: Store, *, needed: bool) -> None:
    """Make rows of a push that an earlier version left unfinished, and set its file aside.

    A crash in between takes it over once more, under the same number.

    Args:
        state: the state folder.
        store: its store, open.
        needed: that push is to go on: a file that cannot be read is complained of, and stays.

    Raises:
        LocalError: it cannot be read.
        StoreError: the store failed.
    """
    path = state / PLAN_NAME
    try:
        text = path.read_text()
    except FileNotFoundError:
        return
    pushes = store.pushes()
    try:
        record = read_plan(text, number=1 + max((push.number for push in pushes), default=0))
    except LocalError as error:
        if needed:
            raise LocalError(f"{path}: {error}: give the files again, without --resume") from None
    else:
        if all(push.created_utc != record.created_utc for push in pushes):
            store.apply([record])
    path.replace(state / TAKEN_OVER)


def read_plan(text: str, number: int) -> PushRecord:
    """Read the plan of a push as earlier versions wrote it.

    Raises:
        LocalError: it is none.
    """
    try:
        return _read(json.loads(text), number)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise LocalError(f"the plan of the push cannot be read ({error})") from error


def _read(fields: dict[str, Any], number: int) -> PushRecord:
    if fields["format"] != FORMAT:
        raise ValueError(f"format {fields['format']}")
    ended = _time(fields["ended_utc"])
    return PushRecord(
        number=number,
        images=tuple(str(image) for image in fields["images"]),
        devices=tuple(Eui64(parse_eui64(device)) for device in fields["devices"]),
        everyone=bool(fields["everyone"]),
        policy=VersionPolicy(fields["policy"]),
        activation=Activation(fields["activation"]),
        activation_utc=_time(fields["activation_utc"]),
        created_utc=Utc(float(fields["created_utc"])),
        state=PushState.RUNNING if ended is None else PushState.ENDED,
        ended_utc=ended,
    )


def _time(value: float | None) -> Utc | None:
    return None if value is None else Utc(float(value))
