"""Whoever is told of alerts, scripted: a server that speaks HTTP, and one that speaks SMTP."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import trio

CLOSE = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"

ANSWERS = {
    "AUTH": b"235 yes\r\n",
    "DATA": b"354 go on\r\n",
    "QUIT": b"221 bye\r\n",
    "STARTTLS": b"220 go\r\n",
}


async def line_of(stream: trio.abc.Stream, rest: bytearray) -> bytes:
    """The next line without its end; empty at the end of all."""
    while b"\r\n" not in rest:
        more = await stream.receive_some(65_536)
        if not more:
            return b""
        rest += more
    line, _, left = bytes(rest).partition(b"\r\n")
    rest[:] = left
    return line


@dataclass
class Hook:
    """Takes posts; each is answered as its path says, or with 200. `asked` holds paths and bodies."""

    answers: Mapping[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[tuple[str, bytes]] = field(default_factory=list)

    async def serve(self, stream: trio.abc.Stream) -> None:
        """One connection, and at most one request."""
        rest = bytearray()
        first = await line_of(stream, rest)
        if not first:
            return
        headers = {}
        while line := await line_of(stream, rest):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        while len(rest) < int(headers["content-length"]):
            rest += await stream.receive_some(65_536)
        path = first.decode().split()[1]
        self.asked.append((path, bytes(rest)))
        status, body = self.answers.get(path.rpartition("/")[2], (200, b'{"ok": true}'))
        await stream.send_all(CLOSE % (status, len(body), body))
        await stream.aclose()


@dataclass
class PostOffice:
    """A mail server. With `tls` it takes STARTTLS; `refused` is the word that it refuses, with 5xx."""

    tls: ssl.SSLContext | None = None
    refused: str = ""
    said: list[str] = field(default_factory=list)
    mail: list[str] = field(default_factory=list)

    async def serve(self, stream: trio.abc.Stream) -> None:
        """One connection."""
        rest = bytearray()
        await stream.send_all(b"220 here\r\n")
        while line := await line_of(stream, rest):
            word = line.decode().partition(" ")[0].upper()
            self.said.append(word)
            await stream.send_all(self._answer(word))
            if word == "STARTTLS" and self.tls is not None:
                assert isinstance(stream, trio.SocketStream)
                stream, rest = trio.SSLStream(stream, self.tls, server_side=True), bytearray()
            elif word == "DATA":
                while (line := await line_of(stream, rest)) != b".":
                    self.mail.append(line.decode())
                await stream.send_all(b"250 taken\r\n")
            elif word == "QUIT":
                return

    def _answer(self, word: str) -> bytes:
        if word == self.refused:
            return b"535 no, and this is what you said: s3cret\r\n"
        offer = b"250-STARTTLS\r\n" if self.tls is not None else b""
        answers = ANSWERS | {"EHLO": b"250-here\r\n" + offer + b"250 AUTH PLAIN\r\n"}
        return answers.get(word, b"250 ok\r\n")
