"""What is kept, put together: for every sink an intake and a persist actor, and whoever hands prices on.

Here is no logic, and no actor knows another: this is a part of the map that `supervisor.py` draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import trio

from actors.intake import Intake, Recording
from actors.market.recording import Recorder
from actors.market.rows import Row
from actors.market.sinkstatus import SinkStatus
from actors.nats.configured import publishers_of
from actors.persist import Pace, Persist
from actors.runtime.settings import Settings, SinkSettings
from actors.runtime.supervision import Child
from actors.sinks.base import Sink, kinds_of
from actors.sinks.configured import outbox_of, sinks_of
from actors.sinks.presence import Presence

ROWS_QUEUED = 256


@dataclass
class Keeping:
    """Makes the actors of all sinks, and has `recording` give them what changes.

    `is_told_again`: whatever an earlier process had in hand when it died comes again, so that nothing is
    missing after a crash.
    """

    settings: Settings
    recording: Recording
    now_ns: Callable[[], int]
    is_told_again: bool = False

    def children(self) -> Iterator[Child]:
        """One actor per sink that is enabled."""
        for sink, options in sinks_of(self.settings, self.now_ns):
            yield Child(sink.name, self._sink(sink, options).run)
        for publisher in publishers_of(self.settings, self.now_ns):
            self.recording.publishers.append(publisher)
            yield Child(publisher.name, publisher.run)

    def _sink(self, sink: Sink, options: SinkSettings) -> Persist:
        send, receive = trio.open_memory_channel[list[Row]](ROWS_QUEUED)
        intake = Intake(send, SinkStatus(sink.name), self.now_ns, kinds=kinds_of(sink))
        self.recording.takers[sink.name] = Recorder(options.history_interval_s), intake
        outbox = outbox_of(sink.name, options, self.settings.data, self.now_ns)
        if self.is_told_again:
            Presence(outbox.path.with_suffix(".alive")).leave()
        pace = Pace(batch_rows=options.batch_rows, flush_interval_s=options.flush_interval_s)
        return Persist(sink, outbox, receive, intake.status, intake.losses, self.now_ns, pace)
