"""Schemathesis against a hub: what is asked is made of `/openapi.json`, and every check is held."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trio

from tests.patience import PATIENCE_S
from tests.processes import ROOT, HubProcess, hub, simulator

HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).parent / "schemathesis"


@contextmanager
def demo_hub(folder: Path) -> Iterator[HubProcess]:
    """A hub with simulated exchanges, all of them live."""
    with simulator(folder) as exchanges, hub(folder, exchanges.port) as tickwell:
        trio.run(_until_live, tickwell)
        yield tickwell


async def _until_live(tickwell: HubProcess) -> None:
    with trio.fail_after(PATIENCE_S):
        await tickwell.until_listening()
        await tickwell.until_states("live")


def command(document: str, *options: str) -> list[str]:
    """What runs Schemathesis against the hub that `document` describes."""
    return [
        str(PROGRAM),
        f"--config-file={HERE / 'schemathesis.toml'}",
        "run",
        document,
        "--checks=all",
        "--continue-on-failure",
        "--no-color",
        "--generation-database=none",
        "--request-timeout=30",
        *options,
    ]


def run(document: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A run of Schemathesis, which writes into `folder` only. Its exit code is 0 if it found nothing."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.schema.hooks"}
    return subprocess.run(
        command(document, *options), cwd=folder, env=environment, text=True, capture_output=True, check=False
    )
