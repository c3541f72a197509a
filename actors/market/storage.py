"""What a sink takes on our own disk."""

from __future__ import annotations

from msgspec import Struct


class StorageReport(Struct, frozen=True):
    """What the history takes, as of its last write, and what its sink did about it since it was made.

    `used_bytes` and `free_bytes` are parts of `file_bytes`; freed space is used again. `swept_rows` were too
    old; `trimmed_rows`, a part of them, went because of `bytes_max`. `set_aside` is where a damaged file is
    now, `problem` why nothing could be swept the last time.
    """

    file_bytes: int = 0
    wal_bytes: int = 0
    used_bytes: int = 0
    free_bytes: int = 0
    swept_rows: int = 0
    trimmed_rows: int = 0
    set_aside: str | None = None
    problem: str | None = None
