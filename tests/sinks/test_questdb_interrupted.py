"""Who stops the process for a moment, as debuggers and profilers do, does not stop its rows."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from actors.sinks._questdb_address import Address
from actors.sinks._questdb_sending import Sending
from tests.patience import PATIENCE_S
from tests.processes import process
from tests.sinks.conformance import trade

ROWS = 40
STOPPED_S = 0.01
TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


def write_to(port: int) -> None:
    """What the other process does."""
    sending = Sending(Address.parse(f"http://127.0.0.1:{port}"), PATIENCE_S)
    sending.send([trade(number, str(number)) for number in range(ROWS)])
    sending.close()


class Stopper(threading.Thread):
    """A QuestDB that takes lines, and stops whoever sends more than `rows_max` until they have given up."""

    def __init__(self, rows_max: int) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.taken: list[bytes] = []
        self.given_up = 0
        self.pid = 0
        self._rows_max = rows_max

    def run(self) -> None:
        while len(self.taken) < ROWS:
            with self.listener.accept()[0] as client:
                self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        while lines := _lines(client):
            if len(lines) > self._rows_max:
                self._stop_until_gone(client)
                return
            self.taken += lines
            client.sendall(TAKEN)

    def _stop_until_gone(self, client: socket.socket) -> None:
        client.settimeout(0.05)
        while True:
            os.kill(self.pid, signal.SIGSTOP)
            time.sleep(STOPPED_S)
            os.kill(self.pid, signal.SIGCONT)
            try:
                assert not client.recv(1)
            except TimeoutError:
                continue
            self.given_up += 1
            return


def _lines(client: socket.socket) -> list[bytes]:
    """Those of one request; none when the client has gone."""
    found = b""
    while b"\r\n\r\n" not in found:
        piece = client.recv(65_536)
        if not piece:
            return []
        found += piece
    head, _, body = found.partition(b"\r\n\r\n")
    [length] = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    while len(body) < length:
        body += client.recv(65_536)
    return body.split(b"trades,")[1:]  # not by their ends: numbers in binary may hold such a byte


@pytest.mark.loopback
@pytest.mark.parametrize(("rows_max", "given_up"), [(ROWS, 0), (ROWS // 4, 2), (1, 5)])
def test_rows_are_sent_again_and_fewer_at_a_time(rows_max: int, given_up: int, tmp_path: Path) -> None:
    server = Stopper(rows_max)
    with process(__file__, str(server.port), log=tmp_path / "log", PYTHONPATH=".") as child:
        server.pid = child.pid
        server.start()
        assert child.wait(PATIENCE_S) == 0, (tmp_path / "log").read_text()
    server.join(PATIENCE_S)
    server.listener.close()
    assert server.given_up == given_up
    assert len(set(server.taken)) == len(server.taken) == ROWS


if __name__ == "__main__":
    write_to(int(sys.argv[1]))
