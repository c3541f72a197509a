"""A signal is noted, and obeyed where the command asks."""

from __future__ import annotations

import os
import signal

import pytest

from commands.interrupting import Interrupted, interruptible


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_is_obeyed_where_it_is_asked_for(number: signal.Signals, code: int) -> None:
    before = signal.getsignal(number)
    with interruptible() as check:
        check()
        os.kill(os.getpid(), number)
        with pytest.raises(Interrupted) as interrupted:
            check()
    assert interrupted.value.exit_code == code
    assert signal.getsignal(number) == before


def test_a_second_one_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    with interruptible():
        os.kill(os.getpid(), signal.SIGTERM)
        assert ended == []
        os.kill(os.getpid(), signal.SIGINT)
    assert ended == [130]
