"""The OpenAPI document says what is served, and what it says is a document of OpenAPI 3.1."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ota_engine.fleet.fleet import Fleet
from ota_engine.head_end.api.addresses import act_address
from ota_engine.head_end.api.description import description
from ota_engine.head_end.api.examples import example_of
from ota_engine.head_end.api.wanted import read_act
from ota_engine.head_end.questions.catalogue import QUESTIONS
from tests.head_end.service_lab import ServiceClient

DOCUMENT = Path(__file__).parents[3] / "docs" / "api" / "openapi.json"
_METHODS = {"get", "post", "delete", "put"}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """The document, as whoever reads it has it."""
    found: dict[str, Any] = json.loads(json.dumps(description()))
    return found


def references(value: Any) -> set[str]:
    """Everything that is referred to."""
    if isinstance(value, dict):
        found = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return found.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_it_is_a_document_of_openapi_3_1(described: dict[str, Any]) -> None:
    # No other test has to pay for this.
    from schemathesis.specs.openapi.definitions import OPENAPI_31

    faults = [fault.message for fault in Draft202012Validator(OPENAPI_31).iter_errors(described)]
    assert faults == []


def test_its_schemas_are_schemas_and_whatever_it_refers_to_is_there(
    described: dict[str, Any],
) -> None:
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in references(described):
        place: Any = described
        for name in reference.removeprefix("#/").split("/"):
            assert name in place, reference
            place = place[name]


def test_it_names_every_question_and_every_act_once(described: dict[str, Any]) -> None:
    for row in QUESTIONS.values():
        assert "get" in described["paths"][f"/api/v1/{row.path}"]
    for act in Fleet().acts:
        assert "post" in described["paths"][act_address(act)]
    names = [
        one["operationId"]
        for path in described["paths"].values()
        for method, one in path.items()
        if method in _METHODS
    ]
    assert sorted(names) == sorted(set(names))


def test_every_field_in_a_path_is_a_parameter(described: dict[str, Any]) -> None:
    for path, by_method in described["paths"].items():
        for one in by_method.values():
            named = {
                parameter["name"]
                for parameter in one.get("parameters", [])
                if parameter.get("in") == "path"
            }
            assert named == set(re.findall(r"\{(\w+)\}", path)), path


@pytest.mark.parametrize("act", Fleet().acts, ids=lambda act: act.__name__)
def test_the_example_of_an_act_can_be_posted(act: type[Any]) -> None:
    example = {"fields": json.loads(json.dumps(example_of(act))), "reason": "as agreed"}
    assert type(read_act(act, example).act) is act


def test_the_one_in_the_docs_is_up_to_date(described: dict[str, Any]) -> None:
    told = json.loads(DOCUMENT.read_text("utf-8"))
    assert told == described, "it is stale: make docs, or zota api describe -o ... --force"


async def test_a_server_tells_it_to_whoever_asks(
    api: ServiceClient, described: dict[str, Any]
) -> None:
    async with api.http() as http:
        answer = await http.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == described
