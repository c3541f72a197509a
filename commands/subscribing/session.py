"""One run of `sub`: a subscription over all its connections, and everything that is said about it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import trio
from msgspec import Struct

from actors.runtime.errors import SettingsError
from commands.stream.address import Address
from commands.stream.connection import Connection
from commands.stream.messages import Codec, Frame, Gap, HubLost, HubRefused, Subscribed
from commands.subscribing.lines import Lines
from commands.subscribing.output import Output
from commands.subscribing.place import Position, ResumeFile

SAVE_EVERY_S = 1.0
MISTAKES = ("bad_params", "unknown_channel", "unknown_symbol", "not_offered", "switched_off", "no_symbols")
COUNTED = ("trades", "liquidations")  # where a hole is a hole; of all else the newest makes it good
NOT_RESUMED = ("book",)  # its snapshot is small, and says the same


class GoingAway(Struct, frozen=True):
    """A planned stop of the hub."""

    reason: str = ""


def say(words: str) -> None:
    """A line for people."""
    print(f"tickwell: sub: {words}", file=sys.stderr, flush=True)


def absent(address: Address, error: HubLost) -> str:
    """What to say of a hub that cannot be reached, and what to do about it."""
    return f"no hub at {address}: {error}. Start one with `python supervisor.py` (or --demo)"


class Session:
    """What `live` does with each connection. `position` is the last frame that was written whole; `was_here`,
    whether the hub agreed to anything in this run."""

    def __init__(
        self,
        address: Address,
        params: dict[str, Any],
        lines: Lines,
        output: Output,
        file: ResumeFile | None = None,
        tell: Callable[[str], None] = say,
    ) -> None:
        self.position = file.read() if file else None
        self._address, self._params = address, params
        self._lines, self._output, self._file, self._tell = lines, output, file, tell
        self._saved_s = -SAVE_EVERY_S
        self.was_here = False
        self._repeats = False
        self._said = ""

    async def live(self, connection: Connection) -> None:
        """Subscribe, and write what comes until enough did. Raises what ends a connection, and
        `SettingsError` when the hub says that something else was meant."""
        req_id = await connection.ask("subscribe", self._request())
        sub, seq = None, 0
        async for frame in connection:
            if frame.method is not None and frame.req_id == req_id:
                sub = self._agreed(connection.codec, frame).sub
            elif frame.sub is not None and frame.sub == sub:
                seq += 1
                if frame.seq != seq:
                    raise HubLost(f"frame {seq} is missing, {frame.seq} came")
                await self._take(frame)
                if self._lines.left == 0:
                    return
            elif frame.channel == "system":
                self._notice(connection.codec, frame)

    def lost(self, error: HubLost, pause_s: float) -> None:
        """Say why there is no connection, once for each reason."""
        if str(error) == self._said:
            return
        self._said = str(error)
        if self.was_here:
            self._tell(f"{error}; connecting again")
        else:
            self._tell(f"{absent(self._address, error)}; trying again until it is there (--once: not)")

    def finish(self) -> None:
        """Keep where we are. Raises `OSError`."""
        if self._file:
            self._file.save(self.position)

    def _request(self) -> dict[str, Any]:
        if self.position is None or self._params["channel"] in NOT_RESUMED:
            return self._params
        resume = {"epoch": self.position.epoch, "offset": self.position.offset}
        return self._params | {"snapshot": True, "resume": resume}

    def _agreed(self, codec: Codec, answer: Frame) -> Subscribed:
        """The answer to our request. Raises `SettingsError`, `HubLost`, `HubRefused`."""
        if answer.error is not None:
            words = f"the hub says: {answer.error.message}"
            if answer.error.temporary or answer.error.code == "rate_limited":
                raise HubLost(words)
            raise SettingsError([f"sub: {words}"]) if answer.error.code in MISTAKES else HubRefused(words)
        accepted = codec.read(answer.result, Subscribed)
        for rejected in accepted.rejected:
            self._tell(f"{rejected.symbol}: {rejected.message}")
        for warning in accepted.warnings:
            self._tell(warning)
        self._tell_return(accepted)
        self._lines.skip = self.position.written if self.position and accepted.recovered else 0
        self.was_here, self._said = True, ""
        return accepted

    def _tell_return(self, accepted: Subscribed) -> None:
        """What became of the time between."""
        if not self.was_here and self.position is None:
            return
        if accepted.recovered:
            self._tell("goes on where it was; nothing is missing")
            return
        self._repeats = True
        if self._params["channel"] in COUNTED:
            self._tell("the hub does not remember back so far: some may be missing before the snapshot")
        else:
            self._tell("connected again: all begins anew with the snapshot")

    async def _take(self, frame: Frame) -> None:
        await self._output.write(self._lines.of(frame, repeats=self._repeats and frame.type == "snapshot"))
        self._repeats = False
        self._move(frame)
        if trio.current_time() - self._saved_s >= SAVE_EVERY_S:
            self._saved_s = trio.current_time()
            self.finish()

    def _move(self, frame: Frame) -> None:
        """Behind this frame; behind so many records of it, where the limit cut an update that counts."""
        cut = self._lines.cut
        if cut is not None and frame.type == "update" and frame.channel in COUNTED and self.position:
            self.position = self.position._replace(written=cut)
        elif frame.epoch is not None and frame.offset is not None:
            self.position = Position(frame.epoch, frame.offset)

    def _notice(self, codec: Codec, frame: Frame) -> None:
        """What the hub tells beside the records."""
        if frame.type == "gap":
            gap = codec.read(frame.data, Gap)
            missed = "some" if gap.missed is None else gap.missed
            where = f" of {gap.key}" if gap.key else ""
            mended = "; fetched since" if gap.healed else ""
            self._tell(f"missed {missed} {gap.channel}{where} ({gap.reason}){mended}")
        elif frame.type == "slow_consumer":
            self._tell("the hub merges updates, for they are not read fast enough here")
        elif frame.type == "going_away":
            self._tell(f"the hub goes away: {codec.read(frame.data, GoingAway).reason}")
