"""A server that a test started: it can be killed, frozen and thawed."""

from __future__ import annotations

import os
import signal
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path

from tests.processes import until_it_answers


class ServerProcess(ABC):
    """`_child` is the process while it runs, `url` where it is, `log` what it prints. Each kind says how it
    is started, and whether it `answers`."""

    url: str
    log: Path
    _child: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._child is not None

    @property
    def pid(self) -> int:
        """Which process it is."""
        assert self._child is not None
        return self._child.pid

    def ensure(self) -> None:
        """It runs, whatever a test has left behind."""
        if self._child is None:
            self.start()

    @abstractmethod
    def start(self) -> None:
        """Returns when it answers."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it is ready for clients now."""

    def await_answer(self) -> None:
        """Returns when it answers."""
        assert self._child is not None
        until_it_answers(self._child, self.answers, self.log)

    def _launch(self, *command: str) -> None:
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self) -> None:
        """As kill -9 does it."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def freeze(self) -> None:
        """It stops where it stands; the kernel goes on taking connections for it."""
        assert self._child is not None
        self._signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._child.pid, os.WSTOPPED)  # until then some of its threads go on

    def thaw(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._child is not None
        os.kill(self._child.pid, number)
