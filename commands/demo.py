"""What `--demo` puts in the place of the world: exchanges of ours, and a folder for what they make up."""

from __future__ import annotations

from pathlib import Path

import trio
from msgspec import structs

from actors.runtime.settings import Settings
from actors.runtime.start import with_addresses


async def start_simulator(nursery: trio.Nursery, settings: Settings) -> Settings:
    """Start simulated exchanges. Returns the settings that lead to them, and to nothing that is real."""
    from simulator import Simulator, SimulatorSettings, addresses  # only the demo pays for it

    port: int = await nursery.start(Simulator(SimulatorSettings()).serve)
    return with_addresses(apart(settings), addresses(port))


def apart(settings: Settings) -> Settings:
    """Made-up prices keep to a folder of their own, and out of every server."""
    return structs.replace(
        settings,
        data=structs.replace(settings.data, directory=str(Path(settings.data.directory) / "demo")),
        questdb=structs.replace(settings.questdb, enabled=False),
        redis=structs.replace(settings.redis, enabled=False),
    )
