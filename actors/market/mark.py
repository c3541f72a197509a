"""A mark between batches: where everybody who reads the same flow looks at it at the same moment."""

from __future__ import annotations

from msgspec import Struct


class Mark(Struct, frozen=True, gc=False):
    """Everything before it is one tick, at this time of the flow.

    `number` grows from mark to mark; equal numbers mean equal pasts, on whichever node. `heard_ns` is up to
    when everybody has been heard: only what was silent before that was silent. A `beat` is due to every
    reader, as in `Tick`. It `is_sure` if nothing of what others know has passed unheard.
    """

    number: int
    now_ns: int
    heard_ns: int
    beat: bool
    is_sure: bool = True
