"""A Bybit that only sends, cheaply: `python -m benchmarks.exchange --linear 50 --blast 200000`.

It speaks as much of the protocol as its readers need: the two REST listings, the upgrade, answers to
`subscribe`, the first snapshots. Then it either blasts prepared frames as fast as the reader takes them, or
sends single frames at a steady rate over all connections, each stamped with the time of its sending
(`turnover24h` is the monotonic clock in seconds, plus a thousand million). It tells its port, and ends when
its input does.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import itertools
import json
import random
import re
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from benchmarks import wire

PREPARED = 20_000
PIECE_BYTES = 256 * 1024
STEP_S = 0.0005
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass
class Reader:
    """One connection: what it subscribed."""

    sock: socket.socket
    topics: list[str] = field(default_factory=list)
    frames: list[tuple[bytes, bytes, bool]] = field(default_factory=list)


class Exchange:
    """One listening port."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.readers: list[Reader] = []
        self.sent = 0
        self.behind_s = 0.0
        self.draw = random.Random(7)
        self.prepared = b""
        if options.blast:
            names = [wire.symbol(number) for number in range(options.linear)]
            frames = (wire.ticker_delta(name, self.draw) for name in itertools.cycle(names))
            self.prepared = b"".join(wire.text_frame(each) for each in itertools.islice(frames, PREPARED))

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
                    self.talk(sock, data)
                    return
                body = self.answer(head.split(b" ")[1].decode())
                sock.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                    % (len(body), body)
                )

    def answer(self, path: str) -> bytes:
        """The instruments, or their tickers, of one category."""
        spot = "category=spot" in path
        rows = []
        for number in range(self.options.spot if spot else self.options.linear):
            name = wire.symbol(number)
            row = {"symbol": name, "baseCoin": name[:-4], "quoteCoin": "USDT", "status": "Trading"}
            row |= {"turnover24h": str(1e9 - number)}
            row |= {} if spot else {"contractType": "LinearPerpetual", "settleCoin": "USDT"}
            sizes = {"basePrecision": "0.001"} if spot else {"qtyStep": "0.001"}
            rows.append(row | {"priceFilter": {"tickSize": "0.10"}, "lotSizeFilter": sizes})
        result = {"category": "spot" if spot else "linear", "list": rows, "nextPageCursor": ""}
        return json.dumps({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}}).encode()

    def talk(self, sock: socket.socket, data: bytes) -> None:
        """Read what a client says, and answer its subscriptions."""
        reader = Reader(sock)
        while True:
            while (message := take_masked(data)) is not None:
                payload, data = message
                if payload.startswith(b"{") and b'"subscribe"' in payload:
                    self.subscribe(reader, json.loads(payload))
            piece = sock.recv(65_536)
            if not piece:
                break
            data += piece
        if reader in self.readers:
            self.readers.remove(reader)

    def subscribe(self, reader: Reader, request: dict[str, object]) -> None:
        """Acknowledge, send the first snapshots, and begin."""
        topics = request["args"]
        assert isinstance(topics, list)
        ack = {"success": True, "ret_msg": "", "conn_id": "bench", "op": "subscribe"}
        ack |= {"req_id": request.get("req_id", "")}
        first = [json.dumps(ack).encode()]
        for topic in topics:
            name = topic.rsplit(".", 1)[1]
            is_book = topic.startswith("orderbook.")
            first.append(wire.best_quote(name, 1) if is_book else wire.ticker_snapshot(name, self.draw))
            reader.frames.append(self.stampable(name, is_book))
        reader.sock.sendall(b"".join(map(wire.text_frame, first)))
        reader.topics += topics
        if self.options.blast and len(reader.topics) >= self.options.linear:
            self.blast(reader.sock)
        elif reader not in self.readers:
            self.readers.append(reader)

    def stampable(self, name: str, is_book: bool) -> tuple[bytes, bytes, bool]:
        """A frame in two pieces, between which the time of sending goes."""
        if is_book:
            frame = wire.text_frame(wire.best_quote(name, wire.UPDATE_ID_BASE))
            head, _, tail = frame.partition(str(wire.UPDATE_ID_BASE).encode())
        else:
            frame = wire.text_frame(wire.ticker_delta(name, self.draw, wire.EARLIEST))
            head, _, tail = frame.partition(wire.EARLIEST.encode())
        return head, tail, is_book

    def blast(self, sock: socket.socket) -> None:
        """All frames, as fast as they are taken."""
        rounds, rest = divmod(self.options.blast, PREPARED)
        size = len(self.prepared) // PREPARED
        view = memoryview(self.prepared)
        for count in [PREPARED] * rounds + [rest]:
            for start in range(0, count * size, PIECE_BYTES):
                sock.sendall(view[start : min(start + PIECE_BYTES, count * size)])
        self.sent += self.options.blast

    def pace(self) -> None:
        """`rate` frames a second, one at a time, each connection in turn and each of its topics in turn."""
        began_s, due, turns = time.monotonic(), 0, itertools.count()
        while True:
            time.sleep(STEP_S)
            readers = list(self.readers)
            now_s = time.monotonic()
            if not readers:
                began_s, due = now_s, 0
                continue
            goal = int((now_s - began_s) * self.options.rate)
            for _ in range(due, goal):
                turn = next(turns)
                reader = readers[turn % len(readers)]
                head, tail, is_book = reader.frames[turn // len(readers) % len(reader.frames)]
                now_s = time.monotonic()
                book_id = wire.UPDATE_ID_BASE + int(now_s * 1e6)
                stamp = b"%d" % book_id if is_book else b"%.6f" % (wire.STAMP_BASE + now_s)
                with suppress(OSError):
                    reader.sock.sendall(head + stamp + tail)
                self.sent += 1
            due = goal
            self.behind_s = max(self.behind_s, time.monotonic() - began_s - due / self.options.rate)


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
    """Entry point: answers each line on its input with what it has done so far."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--linear", type=int, default=0)
    parser.add_argument("--spot", type=int, default=0)
    parser.add_argument("--blast", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0)
    exchange = Exchange(parser.parse_args())
    threading.Thread(target=exchange.listen, daemon=True).start()
    if exchange.options.rate:
        threading.Thread(target=exchange.pace, daemon=True).start()
    for _ in sys.stdin:
        state = {"sent": exchange.sent, "behind_s": exchange.behind_s, "cpu_s": time.process_time()}
        print(json.dumps(state | {"connections": len(exchange.readers)}), flush=True)
        exchange.behind_s = 0.0


if __name__ == "__main__":
    main()
