"""How much this process may hold open, and how long a client may take for each step."""

from __future__ import annotations

import contextlib
import logging
import sys
from dataclasses import dataclass

if sys.platform != "win32":
    import resource

RESERVED_FILES = 128


@dataclass(frozen=True)
class Limits:
    """Deadlines of the server, in seconds. Tests make them shorter."""

    handshake_s: float = 5.0
    keep_alive_s: float = 5.0
    goodbye_s: float = 1.0
    refusal_s: float = 1.0
    certificate_check_s: float = 10.0


def connections_max(clients_max: int) -> int:
    """How many connections may be open: `clients_max`, or what the file-descriptor limit leaves room for.

    The soft limit is raised towards the hard one first. Running out of descriptors would also stop feeds
    from reconnecting and sinks from writing, so some are kept back.
    """
    if sys.platform == "win32":
        return clients_max
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = clients_max + RESERVED_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return clients_max
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if allowed > soft:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            soft = allowed
    if soft >= wanted:
        return clients_max
    room = max(1, soft - RESERVED_FILES)
    logging.getLogger("tickwell.web").warning(
        "room for %d clients, not %d: the limit of open files is %d (ulimit -n)", room, clients_max, soft
    )
    return room
