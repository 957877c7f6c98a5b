"""The plan of a push survives being written down, and damage to it is one error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import LocalError
from ota_engine.hub.push.plan import PushPlan
from ota_engine.records import Activation, VersionPolicy
from tests.hub.push.samples import DEVICE, OTHER, UTC

PLAN = PushPlan(
    images=("ab" * 32, "cd" * 32),
    devices=(DEVICE, OTHER),
    everyone=True,
    policy=VersionPolicy.DOWNGRADE,
    activation=Activation.AT,
    activation_utc=UTC + 3600.5,
    created_utc=UTC,
    ended_utc=None,
)


def test_a_plan_is_read_back_as_it_was_written() -> None:
    assert PushPlan.from_json(PLAN.to_json()) == PLAN


@pytest.mark.parametrize("key", sorted(json.loads(PLAN.to_json())))
def test_a_plan_that_lacks_a_field_is_refused(key: str) -> None:
    fields = json.loads(PLAN.to_json())
    del fields[key]
    with pytest.raises(LocalError, match="cannot be read"):
        PushPlan.from_json(json.dumps(fields))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 2),
        ("devices", ["x"]),
        ("policy", "always"),
        ("created_utc", "noon"),
        ("images", 1),
    ],
)
def test_a_plan_with_a_field_that_makes_no_sense_is_refused(key: str, value: object) -> None:
    fields = json.loads(PLAN.to_json()) | {key: value}
    with pytest.raises(LocalError, match="cannot be read"):
        PushPlan.from_json(json.dumps(fields))


@given(st.text() | st.recursive(st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_text_is_a_plan_or_the_one_error(text: str) -> None:
    with pytest.raises(LocalError):
        PushPlan.from_json(text)
