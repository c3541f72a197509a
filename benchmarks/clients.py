"""Many WebSocket clients in one cheap process: `python -m benchmarks.clients --port 1234 --count 1000`.

They read frame headers and count; nothing is decoded. The first one is *watched*: its payloads are kept with
their times of arrival, for questions about latency. Each line on the input is answered: `mark` with what was
counted since the last `mark` or `begin`, `watch` with what the watched client received. The process ends
when its input does, or after `--seconds`.

A *delay* is how long after the first client of a tick a client had its frame: frames that arrive within
half an interval belong to one tick.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import socket
import sys
import time
from array import array
from contextlib import suppress

from benchmarks.harness import quantile, raise_file_limit

CONNECT_AT_ONCE = 50
READ_BYTES = 256 * 1024
COMPRESSED, CONTROL = 0x40, 0x08
HEADER_BYTES = {126: 4, 127: 10}


class Tally:
    """What all clients counted since the last mark."""

    def __init__(self, interval_s: float) -> None:
        self.half_s = interval_s / 2
        self.tick_s = 0.0
        self.upgraded = self.started = 0
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.frames = self.bytes = self.compressed = 0
        self.delays = array("d")
        self.gaps = array("d")

    def frame(self, head: int, size: int, now_s: float, last_s: float) -> None:
        """One data frame has arrived whole; the client's previous one came at `last_s`."""
        self.frames += 1
        self.bytes += size
        if head & COMPRESSED:
            self.compressed += 1
        if now_s - self.tick_s > self.half_s:
            self.tick_s = now_s
        self.delays.append(now_s - self.tick_s)
        self.gaps.append(now_s - last_s)


class Client:
    """One connection. `left` is what is still to come of the frame at hand."""

    __slots__ = ("buffer", "got", "head", "kept", "last_s", "left", "size", "sock", "upgraded")

    def __init__(self, sock: socket.socket, watched: bool) -> None:
        self.sock = sock
        self.upgraded = False
        self.buffer = b""
        self.head = self.size = self.left = self.got = 0
        self.last_s = time.monotonic()
        self.kept: list[tuple[float, bytes]] | None = [] if watched else None

    def take(self, data: bytes, tally: Tally, now_s: float) -> None:
        """Some bytes have arrived."""
        if not self.upgraded:
            head, _, data = (self.buffer + data).partition(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(f"no upgrade: {head[:300]!r}")
            self.upgraded, self.buffer = True, b""
            tally.upgraded += 1
        if self.kept is not None:
            self.keep(data, tally, now_s)
            return
        position, end = 0, len(data)
        while position < end or (self.head and not self.left):
            if not self.head:
                position = self.begin(data, position)
                continue
            step = min(self.left, end - position)
            self.left -= step
            position += step
            if self.left:
                return
            self.end(tally, now_s)
            self.head = 0

    def begin(self, data: bytes, position: int) -> int:
        """Read a frame's header, which may be torn. Returns where its payload starts."""
        if self.buffer:
            data, position, before = self.buffer + data[position:], 0, len(self.buffer) - position
        else:
            before = 0
        have = len(data) - position
        need = HEADER_BYTES.get(data[position + 1], 2) if have >= 2 else 2
        if have < need:
            self.buffer = data[position:]
            return len(data) - before
        self.buffer = b""
        self.size = data[position + 1] if need == 2 else int.from_bytes(data[position + 2 : position + need])
        self.head, self.left = data[position], self.size
        return position + need - before

    def keep(self, data: bytes, tally: Tally, now_s: float) -> None:
        """The watched client's way: whole frames, kept."""
        assert self.kept is not None
        self.buffer += data
        while len(self.buffer) >= 2:
            need = HEADER_BYTES.get(self.buffer[1], 2)
            size = self.buffer[1] if need == 2 else int.from_bytes(self.buffer[2:need])
            if len(self.buffer) < need + size:
                return
            self.head, self.size = self.buffer[0], size
            self.end(tally, now_s)
            if not self.head & CONTROL:
                self.kept.append((now_s, self.buffer[need : need + size]))
            self.buffer = self.buffer[need + size :]

    def end(self, tally: Tally, now_s: float) -> None:
        """A frame has arrived whole. Pings are not answered: a run is shorter than their patience."""
        if not self.head & CONTROL:
            tally.frame(self.head, self.size, now_s, self.last_s)
            tally.started += not self.got
            self.got, self.last_s = self.got + 1, now_s


class Crowd:
    """All clients of this process."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.tally = Tally(options.interval)
        self.poll = select.epoll()
        self.clients: dict[int, Client] = {}
        self.closed = 0
        deflate = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        self.request = (
            f"GET {options.path} HTTP/1.1\r\nHost: 127.0.0.1:{options.port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{deflate if options.deflate else ''}\r\n"
        ).encode()

    def connect(self) -> None:
        """Everybody, a few at a time, until each has had a first frame."""
        while len(self.clients) < self.options.count:
            for _ in range(min(CONNECT_AT_ONCE, self.options.count - len(self.clients))):
                self.connect_one()
            while not self.options.mute and self.tally.upgraded < len(self.clients):
                self.read_or_fail()
        while not self.options.mute and self.tally.started < len(self.clients):
            self.read_or_fail()

    def connect_one(self) -> None:
        """Open one connection and ask for the stream."""
        sock = socket.socket()
        if self.options.mute:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", self.options.port))
        sock.sendall(self.request)
        sock.setblocking(False)
        watched = self.options.watch and not self.clients
        self.clients[sock.fileno()] = Client(sock, watched)
        if not self.options.mute:
            self.poll.register(sock, select.EPOLLIN)

    def read_or_fail(self) -> None:
        """Read while everybody is still connecting."""
        self.read(0.01)
        if self.closed:
            raise ConnectionError(f"{self.closed} connections were closed while opening")

    def read(self, timeout_s: float) -> None:
        """Take what is there."""
        for number, _ in self.poll.poll(timeout_s, 4096):
            if number == 0:
                self.obey(sys.stdin.readline().strip())
                continue
            client = self.clients[number]
            data = b""
            with suppress(ConnectionResetError):
                data = client.sock.recv(READ_BYTES)
            if data:
                client.take(data, self.tally, time.monotonic())
            else:
                self.closed += 1
                self.poll.unregister(client.sock)
                client.sock.close()
                del self.clients[number]

    def obey(self, word: str) -> None:
        """Answer one line of the input; its end ends the process."""
        if not word:
            raise SystemExit
        tally = self.tally
        answer: dict[str, object]
        if word == "watch":
            watched = next(client for client in self.clients.values() if client.kept is not None)
            kept, watched.kept = watched.kept or [], []
            answer = {"frames": [(at_s, payload.decode()) for at_s, payload in kept]}
        elif word == "begin":
            answer = {"at_s": time.monotonic(), "cpu_s": time.process_time()}
            tally.clear()
        else:
            answer = {"frames": tally.frames, "bytes": tally.bytes, "compressed": tally.compressed}
            answer |= {"open": len(self.clients), "closed": self.closed, "cpu_s": time.process_time()}
            answer |= {"at_s": time.monotonic()}
            for name, times in (("delay", tally.delays), ("gap", tally.gaps)):
                answer |= {f"{name}_p{share}_ms": quantile(times, share / 100) * 1e3 for share in (50, 99)}
            tally.clear()
        print(json.dumps(answer), flush=True)

    def run(self) -> None:
        """Read for as long as somebody listens to us."""
        print(json.dumps({"open": len(self.clients)}), flush=True)
        self.poll.register(0, select.EPOLLIN)
        ends_s = time.monotonic() + self.options.seconds
        while time.monotonic() < ends_s:
            self.read(0.5)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/ws")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--interval", type=float, default=0.2)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--deflate", action="store_true")
    parser.add_argument("--mute", action="store_true", help="never read")
    parser.add_argument("--nice", type=int, default=0, help="how much to stand back for other processes")
    parser.add_argument("--watch", action="store_true", help="keep what the first client receives")
    raise_file_limit()
    crowd = Crowd(parser.parse_args())
    os.nice(crowd.options.nice)
    crowd.connect()
    crowd.run()


if __name__ == "__main__":
    main()
