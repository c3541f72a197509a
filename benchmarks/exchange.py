"""A Bybit that only sends, cheaply: `python -m benchmarks.exchange --linear 50 --blast 200000`.

It speaks as much of the protocol as its readers need: REST, the upgrade, answers to `subscribe`, the first
snapshots. Then it either blasts prepared frames as fast as the reader takes them, or sends single frames at
a steady rate over all connections, each ticker stamped with the time of its sending (`turnover24h` is the
monotonic clock in seconds, plus a thousand million).

It tells its port, and ends when its input does. Each line on the input is answered: `finish` ends the
sending, and tells the truth about every book and how many trades there were; anything else asks what has
been done so far.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import random
import re
import socket
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from benchmarks import rest, wire
from benchmarks.blast import KINDS, Blast
from benchmarks.streams import BookStream, Stream, open_stream
from benchmarks.turns import Turns, read_shares

STEP_S = 0.0005
CATCH_UP_S = 0.5  # what is later than this, because the readers take no more, is never sent
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PONG = b'{"success":true,"ret_msg":"pong","conn_id":"bench","req_id":"","op":"ping"}'


class Reader:
    """One connection, and what it subscribed."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.streams: dict[str, Stream] = {}

    def send(self, payloads: Iterable[bytes]) -> None:
        """Messages, in frames of their own."""
        self.sock.sendall(b"".join(map(wire.text_frame, payloads)))


class Exchange:
    """One listening port. Whoever sends data holds `sending`, so that no frame is torn by another."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.readers: list[Reader] = []
        self.sending = threading.Lock()
        self.is_changed = self.is_finished = False
        self.sent = self.sent_bytes = self.topics = 0
        self.behind_s = self.blast_cpu_s = 0.0
        self.asked_s = time.monotonic()
        self.draw = random.Random(7)
        self.blast = Blast(options.channel, options.linear, options.blast) if options.blast else None

    def listen(self) -> None:
        """Accept for ever; each connection has a thread."""
        with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
            print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
            while True:
                sock, _ = listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock: socket.socket) -> None:
        """One connection, REST or WebSocket."""
        with sock, suppress(OSError):
            data = b""
            while True:
                while b"\r\n\r\n" not in data:
                    piece = sock.recv(65_536)
                    if not piece:
                        return
                    data += piece
                head, _, data = data.partition(b"\r\n\r\n")
                key = re.search(rb"(?i)sec-websocket-key: *(\S+)", head)
                if key:
                    accept = base64.b64encode(hashlib.sha1(key[1] + GUID).digest())
                    sock.sendall(
                        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
                    )
                    self.talk(Reader(sock), data)
                    return
                self.answer(sock, head.split(b" ")[1].decode())

    def answer(self, sock: socket.socket, target: str) -> None:
        """One REST request. The clock is asked for all the time: that is no sign of a start."""
        if "/time" not in target:
            self.asked_s = time.monotonic()
        body = rest.answer(target, {"linear": self.options.linear, "spot": self.options.spot})
        sock.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )

    def talk(self, reader: Reader, data: bytes) -> None:
        """Read what a client says, and answer it."""
        self.readers.append(reader)
        try:
            while True:
                while (message := take_masked(data)) is not None:
                    payload, data = message
                    if payload.startswith(b"{"):
                        self.obey(reader, json.loads(payload))
                piece = reader.sock.recv(65_536)
                if not piece:
                    break
                data += piece
        finally:
            self.readers.remove(reader)
            self.is_changed = True

    def obey(self, reader: Reader, request: dict[str, Any]) -> None:
        """One request: `ping`, `subscribe` or `unsubscribe`."""
        with self.sending:
            if request["op"] == "ping":
                reader.send([PONG])
                return
            self.asked_s, self.is_changed = time.monotonic(), True
            for topic in request["args"]:
                reader.streams.pop(topic, None)
            ack = {"success": True, "ret_msg": "", "conn_id": "bench", "op": request["op"]}
            reader.send([json.dumps(ack | {"req_id": request.get("req_id", "")}).encode()])
            if request["op"] == "subscribe":
                self.subscribe(reader, request["args"])

    def subscribe(self, reader: Reader, topics: list[str]) -> None:
        """Open the streams, send their first messages; with the last one begins the blast."""
        opened = [stream for topic in topics if (stream := open_stream(topic, self.draw)) is not None]
        reader.send(first for stream in opened if (first := stream.first()) is not None)
        before = self.blasted(reader)
        reader.streams |= {stream.topic: stream for stream in opened}
        if self.blast is not None and before < self.options.linear <= self.blasted(reader):
            threading.Thread(target=self.send_blast, args=(reader, self.blast), daemon=True).start()

    def blasted(self, reader: Reader) -> int:
        """How many of its topics the blast is for."""
        return sum(stream.channel == self.options.channel for stream in reader.streams.values())

    def send_blast(self, reader: Reader, blast: Blast) -> None:
        """Wait until the reader has asked for all that it needs, and send."""
        while time.monotonic() - self.asked_s < self.options.quiet:
            time.sleep(0.01)
        with self.sending, suppress(OSError):  # the reader may leave before the last frame
            before_s = time.thread_time()
            try:
                blast.send(reader.sock)
            finally:
                self.blast_cpu_s = time.thread_time() - before_s

    def pace(self) -> None:
        """`rate` frames a second, one at a time, each when its turn comes."""
        turns = Turns[Reader]({}, {})
        began_s, done = time.monotonic(), 0
        while not self.is_finished:
            time.sleep(STEP_S)
            with self.sending:
                if self.is_changed:
                    self.is_changed = False
                    streams = {reader: list(reader.streams.values()) for reader in self.readers}
                    turns = Turns(streams, self.options.shares)
                    self.topics = turns.count
                now_s = time.monotonic()
                if not turns.count:
                    began_s, done = now_s, 0
                    continue
                began_s = max(began_s, now_s - CATCH_UP_S - done / self.options.rate)
                done = self.send_until(turns, done, int((now_s - began_s) * self.options.rate))
            self.behind_s = max(self.behind_s, time.monotonic() - began_s - done / self.options.rate)

    def send_until(self, turns: Turns[Reader], done: int, goal: int) -> int:
        """The frames that are due. Returns how many there are now: `goal`, unless the end has come."""
        for number in range(done, goal):
            if self.is_finished:
                return number
            reader, stream = next(turns)
            frame = stream.next()
            with suppress(OSError):
                reader.sock.sendall(frame)
            self.sent += 1
            self.sent_bytes += len(frame)
        return goal

    def state(self) -> dict[str, Any]:
        """What has been done so far. `quiet_s` is for how long nobody has asked for anything."""
        return {
            "sent": self.sent,
            "sent_bytes": self.sent_bytes,
            "topics": self.topics,
            "behind_s": self.behind_s,
            "cpu_s": time.process_time(),
            "blast_cpu_s": self.blast_cpu_s,
            "connections": len(self.readers),
            "quiet_s": time.monotonic() - self.asked_s,
        }

    def finish(self) -> dict[str, Any]:
        """Send nothing more, and tell what everybody should know."""
        self.is_finished = True
        with self.sending:
            streams = [stream for reader in self.readers for stream in reader.streams.values()]
        books = {stream.name: stream.truth() for stream in streams if isinstance(stream, BookStream)}
        trades = sum(stream.sent for stream in streams if stream.channel == "trades")
        return {"books": books, "trades": trades}


def take_masked(data: bytes) -> tuple[bytes, bytes] | None:
    """The payload of a client's first whole frame, and what follows it."""
    if len(data) < 6:
        return None
    size, start = data[1] & 127, 2
    if size >= 126:
        width = 2 if size == 126 else 8
        size, start = int.from_bytes(data[2 : 2 + width]), 2 + width
    end = start + 4 + size
    if len(data) < end:
        return None
    mask = data[start : start + 4]
    body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data[start + 4 : end]))
    return body, data[end:]


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--linear", type=int, default=0)
    parser.add_argument("--spot", type=int, default=0)
    parser.add_argument("--blast", type=int, default=0, help="so many frames, as fast as they are taken")
    parser.add_argument("--channel", choices=KINDS, default="tickers", help="what is blasted")
    parser.add_argument("--quiet", type=float, default=0.3, help="seconds without a request before a blast")
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument(
        "--shares", type=read_shares, default={"tickers": 1}, help="what is sent at that rate"
    )
    exchange = Exchange(parser.parse_args())
    threading.Thread(target=exchange.listen, daemon=True).start()
    if exchange.options.rate:
        threading.Thread(target=exchange.pace, daemon=True).start()
    for line in sys.stdin:
        finished = exchange.finish() if line.strip() == "finish" else {}
        print(json.dumps(exchange.state() | finished), flush=True)
        exchange.behind_s = 0.0


if __name__ == "__main__":
    main()
