"""Clients of `/ws` in one cheap process: `python -m benchmarks.q12_clients --port 1234 --count 1000`.

As `benchmarks.clients`, and each subscribes one channel, of symbols of its own. With `--keep` they remember
what they were sent: then `drop` hangs up all of them without a word, and `resume` brings them back all at
once, each from where it was, and tells how long that took.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from typing import Any

import msgpack

from benchmarks import wire
from benchmarks.clients import Client, Crowd
from benchmarks.harness import quantile, raise_file_limit

RESUMED_WITHIN_S = 60.0
OFFSET = re.compile(rb'"offset":(\d+),"epoch":"(\w+)"')


class Streams(Crowd):
    """All clients of this process, by the file number of their sockets, in the order in which they came."""

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__(options)
        protocol = f"Sec-WebSocket-Protocol: tickwell.v1.{options.format}\r\n\r\n".encode()
        self.request = self.request.removesuffix(b"\r\n") + protocol
        self.positions: list[dict[str, Any]] = []

    def connect(self) -> None:
        """Everybody, and then everybody's subscription."""
        super().connect()
        for number, client in enumerate(self.clients.values()):
            client.sock.sendall(self.subscription(number))

    def connect_one(self) -> None:
        """One more, who keeps what it is sent if that is wanted."""
        super().connect_one()
        newest = next(reversed(self.clients.values()))
        newest.kept = [] if self.options.keep or newest.kept is not None else None

    def subscription(self, number: int) -> bytes:
        """What a client asks for: so many neighbours among the symbols, from a place of its own."""
        options = self.options
        mine = [wire.symbol((number + step * 7) % options.symbols) for step in range(options.each)]
        params: dict[str, Any] = {
            "channel": options.channel,
            "symbols": [f"bybit:linear:{symbol}" for symbol in mine],
            "max_rate_hz": options.rate,
        }
        if options.fields:
            params["fields"] = options.fields.split(",")
        if number < len(self.positions):
            params["resume"] = self.positions[number]
        message = {"method": "subscribe", "params": params}
        if options.format == "json":
            return masked(0x81, json.dumps(message).encode())
        return masked(0x82, msgpack.packb(message))

    def obey(self, word: str) -> None:
        """As any crowd, and hang up, and come back."""
        if word == "drop":
            self.drop()
        elif word == "resume":
            self.resume()
        else:
            super().obey(word)

    def drop(self) -> None:
        """Hang up, and remember where everybody was."""
        for client in self.clients.values():
            told = (OFFSET.search(data) for _, data in reversed(client.kept or []))
            found = next(filter(None, told), None)  # the newest may be a heartbeat
            if found is None:
                raise RuntimeError("a client has had no data yet")
            self.positions.append({"offset": int(found[1]), "epoch": found[2].decode()})
            self.poll.unregister(client.sock)
            client.sock.close()
        self.clients.clear()
        print(json.dumps({"dropped": len(self.positions)}), flush=True)

    def resume(self) -> None:
        """Come back all at once, until everybody was told what it missed."""
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        for _ in self.positions:
            self.connect_one()
        asked = dict.fromkeys(self.clients, False)
        waiting, served_s = dict(self.clients), list[float]()
        recovered = 0
        while waiting and time.monotonic() < began_s + RESUMED_WITHIN_S:
            self.read_or_fail()
            for number, client in list(waiting.items()):
                if client.upgraded and not asked[number]:
                    asked[number] = True
                    client.sock.sendall(self.subscription(list(self.clients).index(number)))
                if (at_s := told_s(client)) is not None:
                    del waiting[number]
                    served_s.append(at_s - began_s)
                    recovered += has_recovered(client)
        answer = {"served": len(served_s), "recovered": recovered, "all_s": max(served_s, default=0.0)}
        answer |= {"p50_s": quantile(served_s, 0.5), "cpu_s": time.process_time() - began_cpu_s}
        print(json.dumps(answer), flush=True)


def told_s(client: Client) -> float | None:
    """When a client's first data came."""
    return next((at_s for at_s, data in client.kept or () if b'"seq":1,' in data[:40]), None)


def has_recovered(client: Client) -> bool:
    """Whether it could go on where it was."""
    return any(b'"recovered":true' in data for _, data in client.kept or ())


def masked(first: int, data: bytes) -> bytes:
    """A client's frame; the mask changes nothing."""
    size = len(data)
    head = bytes((first, 0x80 | size)) if size < 126 else bytes((first, 0xFE)) + size.to_bytes(2)
    return head + bytes(4) + data


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/ws")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--channel", default="ticker")
    parser.add_argument("--format", choices=("json", "msgpack"), default="json")
    parser.add_argument("--symbols", type=int, required=True, help="how many there are")
    parser.add_argument("--each", type=int, default=20, help="how many of them one client wants")
    parser.add_argument("--rate", type=float, default=10.0, help="frames per second at most")
    parser.add_argument("--interval", type=float, default=0.1)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--deflate", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--fields", default="", help="only these, separated by commas")
    parser.add_argument("--watch", action="store_true", help="keep what the first client receives")
    parser.set_defaults(mute=False)
    raise_file_limit()
    crowd = Streams(parser.parse_args())
    os.nice(10)
    crowd.connect()
    crowd.run()


if __name__ == "__main__":
    main()
