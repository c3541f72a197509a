"""What `/openapi.json` promises is what the hub does, says Schemathesis. `make schemathesis` asks more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import HubProcess
from tests.schema.runs import demo_hub, run

pytestmark = pytest.mark.loopback
CASES_MIN = 80


@pytest.fixture(scope="module")
def tickwell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with demo_hub(tmp_path_factory.mktemp("hub")) as tickwell:
        yield tickwell


def test_nothing_is_found_by_asking_everything_that_is_described(
    tickwell: HubProcess, tmp_path: Path
) -> None:
    quick = ["--phases=examples,fuzzing", "--max-examples=2", "--seed=1"]
    done = run(f"{tickwell.url}/openapi.json", tmp_path, *quick)
    assert done.returncode == 0, done.stdout + done.stderr
    asked = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert asked is not None, done.stdout
    assert int(asked[1]) == int(asked[2]) > CASES_MIN


def test_what_is_not_as_described_is_found(tickwell: HubProcess, tmp_path: Path) -> None:
    document = tmp_path / "lies.json"
    document.write_text(
        '{"openapi": "3.1.0", "info": {"title": "Lies", "version": "1"}, "paths": {"/api/v1/hub": {"get": '
        '{"responses": {"200": {"description": "", "content": {"application/json": {"schema": '
        '{"type": "array"}}}}}}}}}'
    )
    quick = [f"--url={tickwell.url}", "--phases=fuzzing", "--max-examples=1"]
    done = run(str(document), tmp_path, *quick)
    assert done.returncode == 1, done.stdout
    assert "Response violates schema" in done.stdout
