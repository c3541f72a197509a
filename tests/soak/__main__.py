"""A soak: `python -m tests.soak [--minutes M] [--rate N] [--clients N] [--seed N]`.

Simulated exchanges at 5,000 messages a second, with one fault after the other, and clients that come and go.
A table comes out; the exit code is 1 if memory grew, something was left open, a counter did not add up, or
the picture was not true at the end. Of memory nothing can be said in less than a quarter of an hour.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import trio

from tests.processes import HubProcess, SimulatorProcess, hub, simulator
from tests.soak.crowd import Crowd
from tests.soak.report import (
    DESCRIPTORS_GROWTH_PER_HOUR_MAX,
    DESCRIPTORS_LEFT_MAX,
    MEMORY_GROWTH_MIB_PER_HOUR_MAX,
    Line,
    at_most,
    equal,
    figure,
    lines,
)
from tests.soak.samples import Sums, Watch, descriptors_of, unaccounted
from tests.soak.trend import trend
from tests.soak.trouble import tell, trouble
from tests.soak.truth import until_live, untrue

# Everything that is kept in memory is full within minutes, so that what still grows is a leak.
SETTINGS: dict[str, object] = {
    "TICKWELL_MARKET_TRADES_KEPT": 100,
    "TICKWELL_MARKET_BARS_KEPT": 10,
    "TICKWELL_MARKET_BOOK_GRACE_S": 20,
    "TICKWELL_STREAM_RING_TRADES": 10_000,
    "TICKWELL_SUPERVISOR_RECONNECT_DELAY_MAX_S": 5,
}
LIVE_S = 120.0
GONE_S = 30.0
WARM_SHARE = 1 / 3
TELLING_S = 900.0
SAMPLES_WANTED = 9
SAMPLES_MIN = 4  # a trend takes three, of the last two thirds
RATE_SHARE_MIN = 0.8  # faults take their share, and a busy machine must not make it easy


class Soak:
    """One soak, from the first client to the last."""

    def __init__(
        self, tickwell: HubProcess, exchanges: SimulatorProcess, options: argparse.Namespace
    ) -> None:
        self._tickwell, self._exchanges, self._options = tickwell, exchanges, options
        self._dice = random.Random(options.seed)
        self._watch = Watch(tickwell, every_s=min(10.0, options.minutes * 60 / SAMPLES_WANTED))
        self._crowd = Crowd(tickwell.port, options.clients, self._dice)
        self._faults: Counter[str] = Counter()
        self._descriptors_before = 0

    async def run(self) -> list[Line]:
        """What was found."""
        with trio.fail_after(LIVE_S):
            await self._tickwell.until_listening()
            await until_live(self._tickwell)
        begin, asked, busy_s = await self._watch.sums(), self._watch.asked, self._watch.processor_s()
        begin_s, self._descriptors_before = trio.current_time(), descriptors_of(self._tickwell.child.pid)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch.look_for_ever)
            nursery.start_soon(trouble, self._exchanges, self._dice, self._faults)
            nursery.start_soon(self._crowd.come_and_go)
            await trio.sleep(self._options.minutes * 60)
            await self._watch.until_taken(SAMPLES_MIN)  # a busy machine takes longer for them
            nursery.cancel_scope.cancel()
        took_s, busy_s = trio.current_time() - begin_s, self._watch.processor_s() - busy_s
        await tell(self._exchanges, "heal")
        end = await self._all_gone()
        wrong = await untrue(self._tickwell, self._exchanges)
        opened = end["tickwell_web_accepted_total"] - begin["tickwell_web_accepted_total"]
        ours = self._crowd.connections + self._watch.asked - asked
        return [
            *self._load(begin, end, took_s, busy_s),
            *self._resources(),
            equal("connections that the hub counted, of those that we opened", opened, ours),
            *self._sums(end),
            *self._seen(),
            Line("prices that are not the exchanges' at the end", some_of(wrong), "none", not wrong),
            equal("exit code after SIGTERM", await self._tickwell.signal_and_wait(), 0),
            at_most("errors in the log", errors_in(self._tickwell.log), 0),
        ]

    async def _all_gone(self) -> Sums:
        """The sums once nobody is left; or as they are, if somebody stays."""
        for _ in range(int(GONE_S)):
            sums = await self._watch.sums()
            if sums["tickwell_web_connections"] == 1:
                break
            await trio.sleep(1)
        return sums

    def _load(self, begin: Sums, end: Sums, took_s: float, busy_s: float) -> list[Line]:
        def risen(name: str) -> float:
            return end[name] - begin.get(name, 0.0)  # none is told before its first message

        faults = ", ".join(f"{count} {kind}" for kind, count in sorted(self._faults.items()))
        rate = risen("tickwell_feed_messages_total") / took_s
        least = self._options.rate * RATE_SHARE_MIN if self._is_telling() else 0
        wanted = f"≥ {least:,.0f}" if least else ""
        return [
            figure("minutes", f"{took_s / 60:.1f}"),
            Line("messages read per second", f"{rate:,.0f}", wanted, rate >= least),
            figure("processor of the hub", f"{busy_s / took_s:.0%}"),
            figure("faults", f"{sum(self._faults.values())}: {faults}"),
            figure("reconnections", f"{risen('tickwell_feed_reconnects_total'):,.0f}"),
            figure(
                "visits of clients, of so many at once", f"{self._crowd.connections:,} of {self._crowd.size}"
            ),
            figure("frames that they read", f"{self._crowd.frames:,}"),
            figure("longest lag of the loop", f"{self._watch.loop_lag_max_s * 1000:,.0f} ms"),
        ]

    def _resources(self) -> list[Line]:
        watch = self._watch
        warm = int(len(watch.times_s) * WARM_SHARE)
        first, last = watch.memory_mib[warm], watch.memory_mib[-1]
        left = descriptors_of(self._tickwell.child.pid) - self._descriptors_before
        return [
            figure("memory after a third of the time, at the end", f"{first:.0f}, {last:.0f} MiB"),
            self._growth(
                "its slope from there on", "MiB/h", watch.memory_mib, MEMORY_GROWTH_MIB_PER_HOUR_MAX
            ),
            figure("descriptors at most", f"{max(watch.descriptors)}"),
            self._growth("their slope", "/h", watch.descriptors, DESCRIPTORS_GROWTH_PER_HOUR_MAX),
            at_most("more of them at the end than at the beginning", left, DESCRIPTORS_LEFT_MAX),
        ]

    def _growth(self, words: str, unit: str, values: Sequence[float], limit: float) -> Line:
        """How something grew once everything was warm; nothing is asked of a soak that tells too little."""
        times_s = self._watch.times_s
        warm = int(len(times_s) * WARM_SHARE)
        found = trend(times_s[warm:], values[warm:])
        value = f"{found.per_hour:+.1f} ± {found.error_per_hour:.1f} {unit}"
        if not self._is_telling():
            return figure(words, value)
        return Line(words, value, f"≤ {limit:g}", not found.grows_beyond(limit))

    def _is_telling(self) -> bool:
        return self._watch.times_s[-1] - self._watch.times_s[0] >= TELLING_S

    def _sums(self, end: Sums) -> list[Line]:
        gone = (
            "stream_clients",
            "stream_subscriptions",
            "stream_groups",
            "realtime_clients",
            "realtime_groups",
        )
        left = sum(end[f"tickwell_{name}"] for name in gone)
        return [
            figure("rows accepted by history", f"{end['tickwell_sink_accepted_rows_total']:,.0f}"),
            at_most(
                "rows not accounted for, over all samples", self._watch.off_balance + abs(unaccounted(end)), 0
            ),
            at_most("rows dropped", end["tickwell_sink_dropped_rows_total"], 0),
            at_most("clients, subscriptions and groups that are left", left, 0),
        ]

    def _seen(self) -> list[Line]:
        failures = ", ".join(f"{count} {words}" for words, count in self._crowd.failures.items())
        return [
            figure("times that clients were told what they missed", f"{self._crowd.told_missing:,}"),
            at_most("numbers of frames that were not one more", self._crowd.breaks, 0),
            Line("what failed for clients", failures or "nothing", "nothing", not failures),
        ]


def some_of(keys: list[str]) -> str:
    """How many there are, and the first of them."""
    return f"{len(keys)}: {', '.join(keys[:3])}" if keys else "none"


def errors_in(log: Path) -> int:
    """Lines of the log that should never be written."""
    text = log.read_text(encoding="utf-8", errors="replace")
    return sum(" ERROR " in line or line.startswith("Traceback") for line in text.splitlines())


def main() -> int:
    """Soak."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, metavar="M")
    parser.add_argument("--rate", type=int, default=5000, metavar="N", help="messages per second")
    parser.add_argument("--clients", type=int, default=40, metavar="N", help="at once")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tickwell-soak-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with (
            simulator(folder, "--rate", str(options.rate)) as exchanges,
            hub(folder, exchanges.port, **SETTINGS) as tickwell,
        ):
            found = trio.run(partial(Soak(tickwell, exchanges, options).run))
    print("\n".join(lines(found)))
    return int(not all(line.is_good for line in found))


if __name__ == "__main__":
    sys.exit(main())
