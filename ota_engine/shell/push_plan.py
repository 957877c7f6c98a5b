"""Keeps the plan of a push in the state folder, where an interruption cannot reach it."""

import os
from contextlib import suppress
from pathlib import Path

from ota_engine.errors import LocalError
from ota_engine.hub.push.plan import PushPlan

PLAN_NAME = "push.json"  # in the state folder


def save_plan(state: Path, plan: PushPlan) -> None:
    """Write the plan down entirely or not at all, and see that it is on the disk."""
    partial = state / f".{PLAN_NAME}.{os.getpid()}.part"
    try:
        with partial.open("w") as file:
            file.write(plan.to_json() + "\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(state / PLAN_NAME)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def load_plan(state: Path) -> PushPlan:
    """Read the plan of the push that was interrupted.

    Raises:
        LocalError: there is none, it has ended, or it cannot be read.
    """
    path = state / PLAN_NAME
    try:
        plan = PushPlan.from_json(path.read_text())
    except FileNotFoundError:
        raise LocalError(f"{state}: no push was begun here: give files to push") from None
    except LocalError as error:
        raise LocalError(f"{path}: {error}: give the files again, without --resume") from None
    if plan.ended_utc is not None:
        raise LocalError(f"{state}: the last push has ended: give files for a new one")
    return plan
