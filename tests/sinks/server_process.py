"""A server that a test started: it can be killed, frozen and thawed."""

from __future__ import annotations

import os
import signal
import subprocess


class ServerProcess:
    """`_child` is the process while it runs."""

    _child: subprocess.Popen[bytes] | None = None

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
