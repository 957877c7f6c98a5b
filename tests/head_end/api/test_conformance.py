"""Whatever the running server answers is what its description says, and nothing that is posted breaks it.

Schemathesis knows the description alone, and comes over a socket as anybody does.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pytest
import trio

from ota_engine.head_end.api.door import ApiDoor
from tests.head_end.service_lab import ServiceLab

#: Each says something that an answer must be; what depends on what the fleet holds is not among them.
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
SAMPLE: Final = (
    "/api/v1/homes",
    "/api/v1/acts/raise-incident",
    "/api/v1/hooks",
)


def command(url: str, token: str, *more: str) -> list[str]:
    """The command that tries the API at a URL."""
    return [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        f"{url}/api/v1/openapi.json",
        "--header",
        f"Authorization: Bearer {token}",
        "--checks",
        ",".join(CHECKS),
        "--phases",
        "examples,coverage,fuzzing",
        "--workers",
        "1",
        "--seed",
        "13",
        "--no-color",
        "--warnings",
        "off",
        "--suppress-health-check",
        "all",
        *more,
    ]


async def tried(folder: Path, person: str, *more: str) -> tuple[int, str]:
    """Try the API of a server that has a campaign; gives how that ended, and what was said."""
    with ServiceLab(folder) as lab:
        lab.campaign()
        async with lab.serving(ApiDoor) as client:
            run = partial(_run, command(client.url, lab.token(person), *more), folder)
            found = await trio.to_thread.run_sync(run)
        faults = [line["trouble"] for line in lab.logs if line["event"] == "trouble"]
    return found.returncode, f"{found.stdout}{found.stderr}" + "\n".join(map(str, faults))


def _run(words: Sequence[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "NO_PROXY": "*", "COLUMNS": "120"}
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


async def test_a_sample_of_the_api_is_as_described(tmp_path: Path) -> None:
    paths = [word for path in SAMPLE for word in ("--include-path", path)]
    code, said = await tried(tmp_path, "olive", "--max-examples", "3", *paths)
    assert code == 0, said


@pytest.mark.heavy
@pytest.mark.parametrize("person", ["olive", "sam", "otto", "mona"])
async def test_all_of_the_api_is_as_described(tmp_path: Path, person: str) -> None:
    paths = ("--include-path-regex", "^/api/v1/", "--max-examples", "30")
    code, said = await tried(tmp_path, person, *paths)
    assert code == 0, said
