"""How many cases a searching test tries: enough for every change, and more with `DEEP=1` (`make deep`)."""

from __future__ import annotations

import os

DEEP = bool(os.environ.get("DEEP"))


def cases(every_time: int, deep: int) -> int:
    """How many to try: so many with every change of the code, and so many when somebody asks for depth."""
    return deep if DEEP else every_time
