"""The server that NATS is tested with: one for the whole run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.nats.nats_server import NatsServer, running


@pytest.fixture(scope="session")
def shared_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with running(tmp_path_factory.mktemp("nats"), jetstream=True) as server:
        yield server


@pytest.fixture
def nats_server(shared_nats: NatsServer) -> NatsServer:
    shared_nats.ensure()
    return shared_nats
