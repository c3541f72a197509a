"""The TLS certificate, read again when its files change: a renewal needs no restart, and cuts nobody off."""

from __future__ import annotations

import logging
from pathlib import Path
from ssl import SSLContext
from typing import TypeAlias

import trio

from actors.runtime.errors import StartError
from actors.runtime.settings import WebSettings
from web.listening import tls_context
from web.quietlog import QuietLog

Version: TypeAlias = tuple[tuple[int, int, int], ...]


class Certificate:
    """What new connections are encrypted with; `context` is `None` for plain HTTP.

    A new context takes the old one's place as a whole, so that a handshake never meets a new certificate with
    an old key. Connections that are open keep what they have. Raises `StartError` for files of no use at the
    start; later ones are left where they are, and the log says so.
    """

    def __init__(self, settings: WebSettings, quiet: QuietLog) -> None:
        self.reloads = 0
        self._settings = settings
        self._quiet = quiet
        self.context: SSLContext | None = tls_context(settings)
        self._seen = self._version()
        self._refused: Version | None = None

    async def watch(self, interval_s: float) -> None:
        """Look every so often, for ever."""
        while self.context is not None:
            await trio.sleep(interval_s)
            await self.check()
        await trio.sleep_forever()

    async def check(self) -> None:
        """Look once. Files are renamed or written one after the other: what does not fit is tried again next
        time."""
        version = await trio.to_thread.run_sync(self._version)
        if version == self._seen:
            return
        try:
            self.context = await trio.to_thread.run_sync(tls_context, self._settings)
        except (StartError, OSError) as error:
            if version != self._refused:
                self._refused = version
                words = f"web: the old certificate stays in use: {str(error).removeprefix('web: ')}"
                self._quiet.write(logging.WARNING, "certificate", words)
            return
        self._seen = version
        self.reloads += 1
        self._quiet.write(logging.INFO, "certificate renewed", "web: the TLS certificate was read anew")

    def _version(self) -> Version:
        """What changes with the files, where they are links too; of one that is not there, nothing."""
        files = (self._settings.tls_certificate, self._settings.tls_key)
        found = []
        for name in files:
            try:
                seen = Path(name).stat()
                found.append((seen.st_mtime_ns, seen.st_size, seen.st_ino))
            except OSError:
                found.append((0, 0, 0))
        return tuple(found)
