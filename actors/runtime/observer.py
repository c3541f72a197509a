"""What the supervisors tell: logged once per condition, and passed on to whoever keeps the statuses."""

from __future__ import annotations

import logging
from collections.abc import Callable

from actors.runtime.errors import FeedError, main_error
from actors.runtime.supervision import Observation

_logger = logging.getLogger("tickwell.supervisor")


def words_of(error: BaseException) -> str:
    """An error in words that a user can act on."""
    cause = main_error(error)
    return str(cause) if isinstance(cause, FeedError) else f"{type(cause).__name__}: {cause}"


class Observer:
    """Logs what happens to children. The same fault again and again is told once, until it is over."""

    def __init__(self, *listeners: Callable[[Observation], None]) -> None:
        self._listeners = listeners
        self._told: dict[str, str] = {}

    def __call__(self, observation: Observation) -> None:
        """Take one observation."""
        for listener in self._listeners:
            listener(observation)
        if observation.error is None:
            _logger.debug("%s %s", observation.path, observation.happening)
            return
        words = words_of(observation.error)
        repeated = observation.failures > 1 and self._told.get(observation.path) == words
        self._told[observation.path] = words
        self._log(observation, words, logging.DEBUG if repeated else logging.WARNING)

    def _log(self, observation: Observation, words: str, level: int) -> None:
        cause = main_error(observation.error) if observation.error else None
        ours = cause if cause is not None and not isinstance(cause, FeedError) else None
        if observation.happening == "gave_up":
            _logger.error("%s gave up: %s", observation.path, words)
        elif observation.delay_s is None:
            _logger.error("%s failed: %s", observation.path, words, exc_info=ours)
        else:
            _logger.log(
                logging.ERROR if ours else level,
                "%s failed: %s; next attempt in %.1f s, then ever less often",
                observation.path,
                words,
                observation.delay_s,
                exc_info=ours,
            )
