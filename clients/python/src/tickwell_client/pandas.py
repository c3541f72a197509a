"""Records as a `pandas.DataFrame`. Needs pandas, which is not installed with this package by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

TIMES_MS = ("ts", "ts_event", "ts_recv", "start", "next_funding_ts", "since", "last_ts", "first_ts")


def to_frame(records: Iterable[Struct], *, index: str | None = None) -> Any:
    """A frame with a row for each record and a column for each of its fields, times as UTC timestamps.

    `index` names the column to index by; left out, it is the first of `ts`, `start` and `ts_event` that the
    records have; without one rows are numbered. Raises `ImportError` without pandas, `KeyError` for an
    unknown `index`.
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError("to_frame needs pandas: pip install 'tickwell-client[pandas]'") from error
    rows = [msgspec.structs.asdict(each) for each in records]
    frame = pandas.DataFrame.from_records(rows)
    for name in TIMES_MS:
        if name in frame:
            frame[name] = pandas.to_datetime(frame[name], unit="ms", utc=True)
    chosen = index or next((name for name in ("ts", "start", "ts_event") if name in frame), None)
    return frame if chosen is None else frame.set_index(chosen)
