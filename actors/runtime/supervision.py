"""Supervision: the only retry loop of the program.

Theory of operation, in the words of Erlang/OTP:

1.  A *child* is a name and a coroutine function. One call of it is a *life*. A life that returns has
    finished and is not started again; a life that raises has failed and is.
2.  Two kinds of failure. A `FeedError` is the world's: the child is restarted after a backoff, for
    ever, and nothing is counted, or a long outage would spend the restart intensity of the whole
    tree. Anything else is ours: it is counted, and more than `Intensity.restarts` of them within
    `Intensity.period_s` end the supervisor with `RestartIntensityExceeded`, which its parent counts
    in turn. At last the process ends, and whoever supervises processes takes over.
3.  `one_for_one` restarts the child that failed. `rest_for_one` also stops, in reverse order, and
    restarts the children that were named after it: they depend on it.
4.  An actor with a nursery of its own raises exception groups; what counts is what is inside them.
5.  Every child has one keeper task, and nobody else starts its lives. A keeper that is told to stop
    is cancelled whole, so that an exit that was already on its way can never start a second copy.
6.  A supervisor outlives its runs: every `run()` begins with a clear crash count.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import trio

from actors.runtime.backoff import Backoff
from actors.runtime.errors import (
    RestartIntensityExceeded,
    StartError,
    is_worlds_fault,
    leaf_errors,
    main_error,
)

Strategy: TypeAlias = Literal["one_for_one", "rest_for_one"]
Happening: TypeAlias = Literal["started", "finished", "stopped", "failed", "gave_up"]


@dataclass(frozen=True)
class Child:
    """Something to keep alive. `max_retries` bounds consecutive `FeedError`s; 0 means no bound."""

    name: str
    run: Callable[[], Awaitable[None]]
    max_retries: int = 0


@dataclass(frozen=True)
class Intensity:
    """How many failures of our own making a supervisor tolerates within a period."""

    restarts: int = 3
    period_s: float = 30.0


@dataclass(frozen=True)
class Observation:
    """What happened to a child. `path` is its place in the tree; `delay_s` the wait that follows; `failures`
    how often it failed without a long life in between."""

    path: str
    happening: Happening
    error: BaseException | None = None
    delay_s: float | None = None
    failures: int = 0

    @property
    def name(self) -> str:
        """The child's own name."""
        return self.path.rsplit("/", 1)[-1]


Observe: TypeAlias = Callable[[Observation], None]


@dataclass
class _Slot:
    """A child's place: what it is, whether it is wanted, and the keeper that holds it now."""

    child: Child
    wanted: bool = True
    finished: bool = False
    failures: int = 0
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    ended: trio.Event = field(default_factory=trio.Event)
    kept: bool = False


@dataclass
class Supervisor:
    """Keeps children alive. `run()` is itself a child's coroutine, so supervisors nest.

    A `standing` supervisor waits for children to come; any other ends when all of its own have
    finished. `reset_after_s` is how long a life must last for the backoff to begin anew.
    """

    name: str
    children: Iterable[Child] = ()
    strategy: Strategy = "one_for_one"
    intensity: Intensity = field(default_factory=Intensity)
    backoff: Backoff = field(default_factory=Backoff)
    reset_after_s: float = 30.0
    standing: bool = False
    observe: Observe = lambda _: None

    def __post_init__(self) -> None:
        self._slots = {child.name: _Slot(child) for child in self.children}
        self._crash_times: deque[float] = deque()
        self._nursery: trio.Nursery | None = None
        self._over = trio.Event()
        self._stopped = False

    async def run(self) -> None:
        """Start the children in order and keep them until they finish, or `stop()` is called.

        Raises `RestartIntensityExceeded` when they fail too often, and any child's `StartError` at once.
        """
        self._crash_times.clear()
        self._over = trio.Event()
        if self._stopped:
            return
        given_up: list[BaseException] = []
        try:
            async with trio.open_nursery() as self._nursery:
                for slot in list(self._slots.values()):
                    slot.finished, slot.failures = False, 0
                    self._launch(slot)
                self._end_if_finished()
                await self._over.wait()
                await self._halt(list(self._slots.values()))
        except* (RestartIntensityExceeded, StartError) as group:
            given_up = leaf_errors(group)
        finally:
            self._nursery = None
        if given_up:
            raise given_up[0]

    def stop(self) -> None:
        """End `run()` normally, and stop the children. There is no way back."""
        self._stopped = True
        self._over.set()

    # Children at run time

    def names(self) -> list[str]:
        """The names of all children, running or not."""
        return list(self._slots)

    def is_running(self, name: str) -> bool:
        """Whether a child is kept alive now (a wait between two lives included)."""
        slot = self._slots.get(name)
        return slot is not None and slot.kept

    def add(self, child: Child) -> None:
        """Take in a new child and start it; a child of that name must not be there."""
        if child.name in self._slots:
            raise ValueError(f"{self.name} already has a child named {child.name}")
        self._slots[child.name] = _Slot(child)
        self._launch(self._slots[child.name])

    async def remove(self, name: str) -> None:
        """Stop a child and forget it; nothing happens where there is none."""
        slot = self._slots.pop(name, None)
        if slot is not None:
            await self._halt([slot])

    def start_child(self, name: str) -> None:
        """Start a child that was stopped, has finished or gave up; a running one is left alone."""
        slot = self._slots[name]
        slot.wanted, slot.finished, slot.failures = True, False, 0
        self._launch(slot)

    async def stop_child(self, name: str) -> None:
        """Stop a child and leave it stopped until `start_child`."""
        slot = self._slots[name]
        slot.wanted = False
        await self._halt([slot])

    async def restart_child(self, name: str) -> None:
        """Begin a new life at once."""
        await self.stop_child(name)
        self.start_child(name)

    async def wait_child(self, name: str) -> None:
        """Wait until nobody keeps the child: it has finished, was stopped, or gave up."""
        slot = self._slots[name]
        if slot.kept:
            await slot.ended.wait()

    # Keepers

    def _launch(self, slot: _Slot) -> None:
        if self._nursery is None or slot.kept or slot.finished or not slot.wanted:
            return
        slot.kept, slot.scope, slot.ended = True, trio.CancelScope(), trio.Event()
        self._nursery.start_soon(self._keep, slot, name=self._path(slot))

    async def _keep(self, slot: _Slot) -> None:
        try:
            with slot.scope:
                error = await self._live(slot)
                while error is not None and await self._recover(slot, error):
                    error = await self._live(slot)
                slot.finished = True  # its work is done, or it gave up
            if slot.scope.cancelled_caught:
                self._tell(slot, "stopped")
        finally:
            slot.kept = False
            slot.ended.set()
        self._end_if_finished()

    async def _live(self, slot: _Slot) -> Exception | None:
        """One life. Returns what it failed of, `None` when it finished."""
        self._tell(slot, "started")
        began = trio.current_time()
        try:
            await slot.child.run()
        except Exception as error:
            outlived = trio.current_time() - began >= self.reset_after_s
            slot.failures = 1 if outlived else slot.failures + 1
            return error
        except BaseExceptionGroup as group:
            failed: BaseException | None = group.split(trio.Cancelled)[1]
            if not isinstance(failed, Exception):
                raise
            # It failed while it was being stopped: there is nothing to restart.
            self._tell(slot, "failed", failed)
            await trio.lowlevel.checkpoint()
            raise
        self._tell(slot, "finished")
        return None

    async def _recover(self, slot: _Slot, error: Exception) -> bool:
        """Wait as long as the failure deserves. Returns whether another life should begin."""
        if isinstance(main_error(error), StartError):
            raise error  # trying again would find the same port taken
        if not is_worlds_fault(error):
            self._count_crash(slot, error)
        elif 0 < slot.child.max_retries < slot.failures:
            self._tell(slot, "gave_up", error)
            return False
        delay_s = self.backoff.delay_s(slot.failures, main_error(error))
        later = self._later_than(slot) if self.strategy == "rest_for_one" else []
        self._tell(slot, "failed", error, delay_s)
        await self._halt(later)
        await trio.sleep(delay_s)
        for dependent in later:
            dependent.finished = False
            self._launch(dependent)
        return True

    def _count_crash(self, slot: _Slot, error: Exception) -> None:
        now = trio.current_time()
        self._crash_times.append(now)
        while now - self._crash_times[0] > self.intensity.period_s:
            self._crash_times.popleft()
        if len(self._crash_times) > self.intensity.restarts:
            self._tell(slot, "failed", error)
            raise RestartIntensityExceeded(
                f"{self._path(slot)} failed {len(self._crash_times)} times in"
                f" {self.intensity.period_s:g} s, at last with {type(main_error(error)).__name__}:"
                f" {main_error(error)}"
            ) from error

    async def _halt(self, slots: list[_Slot]) -> None:
        """Strangers stop all at once; those that depend on each other one after the other, last first."""
        if self.strategy == "one_for_one":
            for slot in slots:
                slot.scope.cancel()
        for slot in reversed([slot for slot in slots if slot.kept]):
            slot.scope.cancel()
            await slot.ended.wait()

    def _later_than(self, slot: _Slot) -> list[_Slot]:
        slots = list(self._slots.values())
        return slots[slots.index(slot) + 1 :]

    def _end_if_finished(self) -> None:
        if not self.standing and all(slot.finished for slot in self._slots.values()):
            self._over.set()

    def _path(self, slot: _Slot) -> str:
        return f"{self.name}/{slot.child.name}"

    def _tell(
        self,
        slot: _Slot,
        happening: Happening,
        error: BaseException | None = None,
        delay_s: float | None = None,
    ) -> None:
        self.observe(Observation(self._path(slot), happening, error, delay_s, slot.failures))
